// What `npm start` shows, inside a sandbox: the whole setup as a person would type it, the secret that it leaves
// (with the password masked), and that the same command changes nothing when run again. It asks nothing.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { request } from "node:https";
import { env, stdout } from "node:process";
import { load as parseYaml } from "js-yaml";

const namespace = "awesomeapps";
const name = "acr-secret";
const setup = ["setup", "--registry", "myregistry", "--namespace", namespace, "--yes"];

say("A rehearsal on an Azure and a cluster that exist in memory only. First what setup would do:");
await type([...setup, "--dry-run"]);

say("That is what is wanted, so:");
await type(setup);

say("The secret as the cluster holds it now, its password masked:");
const { metadata, type: kind, data } = await readSecret();
const { managedFields: _shown, ...shownMetadata } = metadata;
const config = JSON.parse(Buffer.from(data[".dockerconfigjson"], "base64").toString());
const masked = {
  ...config,
  auths: mapValues(config.auths, ({ username }) => ({ username, password: "********" })),
};
for (const line of JSON.stringify(
  { type: kind, metadata: shownMetadata, ".dockerconfigjson": masked },
  null,
  2,
).split("\n")) {
  stdout.write(`  ${line}\n`);
}

say("The same command again finds everything as asked, and writes nothing:");
await type(setup);

say(
  "To be asked: node bin/acr-pull.cjs setup --sandbox. To look around: node bin/acr-pull.cjs sandbox -- sh",
);

function say(text) {
  stdout.write(`\n# ${text}\n`);
}

/** Shows a command as a person would type it, and runs it. */
async function type(words) {
  stdout.write(`\n$ acr-pull ${words.join(" ")}\n\n`);
  const child = spawn("acr-pull", words, { stdio: "inherit" });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`acr-pull ended with exit code ${code}`);
}

/** Asks the API server itself, as the current context of the kubeconfig, because kubectl may not be installed. */
async function readSecret() {
  const kubeconfig = parseYaml(await readFile(env.KUBECONFIG, "utf8"));
  const { context } = named(kubeconfig.contexts, kubeconfig["current-context"]);
  const { cluster } = named(kubeconfig.clusters, context.cluster);
  const { user } = named(kubeconfig.users, context.user);
  const url = `${cluster.server}/api/v1/namespaces/${namespace}/secrets/${name}`;
  const asked = request(url, {
    headers: { authorization: `Bearer ${user.token}` },
    ca: Buffer.from(cluster["certificate-authority-data"], "base64"),
  });
  asked.end();
  const [answer] = await once(asked, "response");
  const chunks = await answer.toArray();
  if (answer.statusCode !== 200) throw new Error(`reading the secret was answered with ${answer.statusCode}`);
  return JSON.parse(Buffer.concat(chunks).toString());
}

function named(list, name) {
  return list.find((item) => item.name === name);
}

function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}
