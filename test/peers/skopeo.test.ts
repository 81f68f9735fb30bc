import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { smallImage } from "../../src/sandbox/container-registry/image.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { setup } from "../program.ts";
import { Clients, type ClientRun } from "./clients.ts";
import { lacks, type Peer } from "./peer.ts";

const dataPlanes: ReadonlyArray<["builtin" | "docker-registry", Peer[]]> = [
  ["builtin", ["kubectl", "skopeo"]],
  ["docker-registry", ["kubectl", "skopeo", "docker-registry"]],
];

for (const [kind, peers] of dataPlanes) {
  describe.skipIf(lacks(...peers))(
    `skopeo and ${kind} with what setup wrote (needs ${peers.join(", ")})`,
    () => {
      let sandbox: Sandbox;
      let clients: Clients;

      beforeAll(async () => {
        sandbox = await startSandbox({
          registryServer: kind,
          checkInvariants: true,
          registries: [
            { name: "myregistry", images: ["my-awesome-app:v1", "my-awesome-app:v2"] },
            {
              name: "abacregistry",
              mode: "abac",
              images: ["my-awesome-app:v1", "team/x:v1", "other/x:v1"],
            },
          ],
        });
        clients = await Clients.of(sandbox);
      });
      afterAll(async () => {
        await sandbox.close();
      });

      /**
       * A file with what setup writes into a new secret.
       * @param words further arguments, none of which contains a space
       */
      async function authFileFor(name: string, words = "", context = "sandbox"): Promise<string> {
        const args = [...words.split(" ").filter(Boolean), "--context", context, "--secret-name", name];
        const run = await setup(sandbox, args);
        expect(run.code, run.stderr).toBe(0);
        expect(sandbox.violations).toEqual([]);
        return clients.authFile(name, "awesomeapps", context);
      }

      const image = (name: string, registry?: string) => `docker://${clients.loginServer(registry)}/${name}`;

      async function copyOut(authFile: string, from: string): Promise<ClientRun & { readonly into: string }> {
        const into = `dir:${await clients.newPath()}`;
        return { ...(await clients.skopeo(`copy --src-authfile ${authFile} ${from} ${into}`)), into };
      }

      const push = (authFile: string, from: string, to: string) =>
        clients.skopeo(`copy --dest-authfile ${authFile} ${from} ${to}`);

      const done = expect.objectContaining({ code: 0 });
      const refused = expect.objectContaining({
        code: expect.toSatisfy((code: number) => code !== 0),
        stderr: expect.stringMatching(/authentication required|unauthorized|denied/i),
      });

      it.each(["SSL_CERT_FILE", "--cert-dir"])("lists an image's tags, trusting by %s", async (way) => {
        const authFile = await authFileFor("by-trust");
        const folder = await clients.newPath();
        await mkdir(folder);
        await writeFile(join(folder, "ca.crt"), await readFile(sandbox.caPath));
        const [option, env] =
          way === "--cert-dir" ? [`--cert-dir ${folder} `, { SSL_CERT_FILE: "" }] : ["", {}];
        const run = await clients.skopeo(
          `list-tags ${option}--authfile ${authFile} ${image("my-awesome-app")}`,
          env,
        );
        expect(run).toEqual(done);
        expect(JSON.parse(run.stdout)).toEqual({
          Repository: `${clients.loginServer()}/my-awesome-app`,
          Tags: ["v1", "v2"],
        });
      });

      it("inspects and copies the image that was pushed, and may push none", async () => {
        const authFile = await authFileFor("puller");
        const inspected = await clients.skopeo(
          `inspect --authfile ${authFile} ${image("my-awesome-app:v1")}`,
        );
        expect(inspected).toEqual(done);
        expect(JSON.parse(inspected.stdout)).toMatchObject({ Digest: smallImage().manifest.digest });
        const copied = await copyOut(authFile, image("my-awesome-app:v1"));
        expect(copied).toEqual(done);
        expect(await push(authFile, copied.into, image("my-awesome-app:v3"))).toEqual(refused);
      });

      it("is refused with any other password", async () => {
        const authFile = await authFileFor("puller");
        const config = JSON.parse(await readFile(authFile, "utf8")) as {
          auths: Record<string, { username: string; auth: string }>;
        };
        for (const entry of Object.values(config.auths)) {
          entry.auth = Buffer.from(`${entry.username}:another`).toString("base64");
        }
        const other = await clients.file("auth.json", JSON.stringify(config));
        expect(await clients.pulls(authFile)).toBe(true);
        expect(await clients.pulls(other)).toBe(false);
      });

      it("pulls from a registry in ABAC mode", async () => {
        const authFile = await authFileFor("abac-puller", "--registry abacregistry");
        expect(await clients.pulls(authFile, "abacregistry")).toBe(true);
        expect(await copyOut(authFile, image("my-awesome-app:v1", "abacregistry"))).toEqual(done);
      });

      it("with --role acrpush --repository team/* pushes and pulls there and nowhere else", async () => {
        const authFile = await authFileFor(
          "team-pusher",
          "--registry abacregistry --role acrpush --repository team/*",
          "sandbox-staging",
        );
        const abac = (name: string) => image(name, "abacregistry");
        const copied = await copyOut(authFile, abac("team/x:v1"));
        expect(copied).toEqual(done);
        expect(await push(authFile, copied.into, abac("team/x:v2"))).toEqual(done);
        expect(await push(authFile, copied.into, abac("team/new:v1"))).toEqual(done);
        expect(await push(authFile, copied.into, abac("other/x:v2"))).toEqual(refused);
        expect(await push(authFile, copied.into, abac("teamwork:v1"))).toEqual(refused);
        expect(await copyOut(authFile, abac("other/x:v1"))).toEqual(refused);
      });

      it("with --role acrpush on a legacy registry pushes anywhere", async () => {
        const authFile = await authFileFor("pusher", "--role acrpush", "sandbox-staging");
        const copied = await copyOut(authFile, image("my-awesome-app:v1"));
        for (const name of ["my-awesome-app:v3", "team/x:v1", "other/x:v1"]) {
          expect(await push(authFile, copied.into, image(name))).toEqual(done);
          expect(await copyOut(authFile, image(name))).toEqual(done);
        }
      });
    },
  );
}
