import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCertificateAuthority } from "../../src/sandbox/certificate-authority.ts";
import { createContainerRegistry } from "../../src/sandbox/container-registry/container-registry.ts";
import { startDockerRegistry } from "../../src/sandbox/container-registry/docker-registry.ts";
import { FaultInjector } from "../../src/sandbox/faults.ts";
import { listen } from "../../src/sandbox/https-server.ts";
import { smallImage } from "../../src/sandbox/container-registry/image.ts";
import { RequestLog } from "../../src/sandbox/request-log.ts";
import type { Service } from "../../src/sandbox/service.ts";
import { basic, password, registryWorld } from "./registry-world.ts";

const run = promisify(execFile);

const required = process.env["TEST_REQUIRE_PEERS"] !== undefined;
const installed = async (program: string) =>
  run(program, ["--version"]).then(
    () => true,
    () => false,
  );
const skopeoThere = required || (await installed("skopeo"));
const registryThere = required || (await installed("docker-registry"));

const repositories = "Microsoft.ContainerRegistry/registries/repositories";
const onlyTeam = `((${["content/read", "metadata/read", "content/write", "metadata/write"]
  .map((action) => `!(ActionMatches{'${repositories}/${action}'})`)
  .join(" AND ")}) OR (@Request[${repositories}:name] StringStartsWithIgnoreCase 'team/'))`;

describe.runIf(skopeoThere).each(["builtin", "docker-registry"] as const)(
  "skopeo, with a %s data plane",
  (kind) => {
    const there = kind === "builtin" || registryThere;
    const { world, legacy, abac, application } = registryWorld(
      [
        { role: "AcrPull", scope: "myregistry" },
        { role: "Container Registry Repository Writer", scope: "abacregistry", condition: onlyTeam },
      ],
      {
        registries: [
          { name: "myregistry", images: ["my-awesome-app:v1", "my-awesome-app:v2"] },
          { name: "abacregistry", mode: "abac", images: ["my-awesome-app:v1", "team/x:v1"] },
        ],
      },
    );
    const closers: Array<() => Promise<void>> = [];
    let folder = "";

    beforeAll(async () => {
      if (!there) return;
      folder = await mkdtemp(join(tmpdir(), "acr-pull-skopeo-"));
      closers.push(() => rm(folder, { recursive: true, force: true }));
      const authority = await createCertificateAuthority();
      const identity = await authority.issue();
      const serve = async (service: Service) => {
        const listener = await listen(service, {
          identity,
          log: new RequestLog(),
          faults: new FaultInjector(),
        });
        closers.push(() => listener.close());
        return `localhost:${listener.port}`;
      };
      for (const registry of [legacy, abac]) {
        if (kind === "builtin") registry.loginServer = await serve(createContainerRegistry(world, registry));
        else closers.push((await startDockerRegistry(world, registry, serve)).close);
      }
      await mkdir(join(folder, "certificates"));
      await writeFile(join(folder, "certificates", "ca.crt"), authority.certificate);
      await Promise.all([
        writeFile(join(folder, "good.json"), authFile(password)),
        writeFile(join(folder, "bad.json"), authFile("wrong")),
      ]);
    });

    afterAll(async () => {
      for (const close of closers.reverse()) await close();
    });

    function authFile(secret: string): string {
      const auth = basic(application.appId, secret).slice("Basic ".length);
      const entry = { username: application.appId, password: secret, auth };
      const servers = [legacy.loginServer, abac.loginServer];
      return JSON.stringify({ auths: Object.fromEntries(servers.map((server) => [server, entry])) });
    }

    async function skopeo(
      command: string,
      words: readonly string[],
      certificates = ["--cert-dir"],
      auth = "good",
    ) {
      const trust = certificates.flatMap((option) => [option, join(folder, "certificates")]);
      const { stdout } = await run("skopeo", [
        command,
        ...trust,
        "--authfile",
        join(folder, `${auth}.json`),
        ...words,
      ]);
      return stdout;
    }

    const image = (name: string, registry = legacy) => `docker://${registry.loginServer}/${name}`;
    const copyOut = (name: string, registry = legacy) =>
      skopeo("copy", [image(name, registry), `dir:${join(folder, "image")}`], ["--src-cert-dir"]);
    const copyIn = (name: string, registry = legacy) =>
      skopeo("copy", [`dir:${join(folder, "image")}`, image(name, registry)], ["--dest-cert-dir"]);

    test.runIf(there)("lists the tags of an image", async () => {
      const listed = JSON.parse(await skopeo("list-tags", [image("my-awesome-app")])) as unknown;
      expect(listed).toEqual({ Repository: `${legacy.loginServer}/my-awesome-app`, Tags: ["v1", "v2"] });
    });

    test.runIf(there)("is refused with another password", async () => {
      await expect(skopeo("list-tags", [image("my-awesome-app")], ["--cert-dir"], "bad")).rejects.toThrow(
        /Invalid clientid or client secret/,
      );
    });

    test.runIf(there)("inspects an image", async () => {
      const found = JSON.parse(await skopeo("inspect", [image("my-awesome-app:v1")])) as { Digest: string };
      expect(found.Digest).toBe(smallImage().manifest.digest);
    });

    test.runIf(there)("copies an image out, and with the right to pull alone none in", async () => {
      await copyOut("my-awesome-app:v1");
      await expect(copyIn("my-awesome-app:v3")).rejects.toThrow(
        /authentication required|unauthorized|denied/,
      );
    });

    test.runIf(there)("pushes to the repositories of the condition and to no other", async () => {
      await copyOut("team/x:v1", abac);
      await copyIn("team/y:v2", abac);
      expect(JSON.parse(await skopeo("list-tags", [image("team/y", abac)]))).toMatchObject({ Tags: ["v2"] });
      await expect(copyIn("other/x:v1", abac)).rejects.toThrow(/authentication required|unauthorized|denied/);
      await expect(copyOut("my-awesome-app:v1", abac)).rejects.toThrow(
        /authentication required|unauthorized|denied/,
      );
    });
  },
);
