// Keeps only the calls of the Kubernetes client's API that our source makes, and only the models that those calls
// read and write. Nothing else can tell that the rest is unused: each call is a method of three classes, and models
// are looked up by name.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const generated = "node_modules/@kubernetes/client-node/dist/gen";
const apis = { core: "CoreV1Api", authorization: "AuthorizationV1Api" };

/** A plugin of the bundler. It fails if the source makes a call that the client does not have. */
export function kubernetesCallsInUse(root) {
  const inUse = findInUse(root);
  // Each caller that awaits it reports its failure.
  inUse.catch(() => {});
  return {
    name: "kubernetes-calls-in-use",
    async transform(code, id) {
      const [, file] = id.split(`/${generated}/`);
      if (file === "models/ObjectSerializer.js") return withModels(code, (await inUse).models);
      const hasCalls = ["types/ObservableAPI.js", "types/ObjectParamAPI.js"].includes(file);
      return hasCalls || isApi(file) ? withCalls(code, (await inUse).calls) : null;
    },
  };
}

/** The calls that the source makes, and the models of their requests and answers. */
export async function findInUse(root) {
  const folder = join(root, "src/kubernetes");
  const files = await Promise.all(
    (await readdir(folder)).map((file) => readFile(join(folder, file), "utf8")),
  );
  const made = files.flatMap((text) => [...text.matchAll(/\b(core|authorization)\.(\w+)\(/g)]);
  const models = new Set();
  for (const [, api, call] of made) {
    const code = await readFile(join(root, generated, "apis", `${apis[api]}.js`), "utf8");
    const own = [...code.matchAll(method)].filter(([, name]) => callOf(name) === call);
    if (own.length === 0) throw new Error(`the Kubernetes client has no call ${apis[api]}.${call}`);
    for (const [text] of own)
      for (const [, type] of text.matchAll(/serialize\([^"]*"(\w+)"/g)) await addModel(root, type, models);
  }
  return { calls: new Set(made.map(([, , call]) => call)), models };
}

async function addModel(root, model, models) {
  if (models.has(model) || !/^[A-Z]/.test(model)) return;
  const text = await readFile(join(root, generated, "models", `${model}.js`), "utf8").catch(() => "");
  if (text === "") return;
  models.add(model);
  for (const [, type] of text.matchAll(/"type": "([^"]+)"/g))
    for (const [name] of type.matchAll(/\w+/g)) await addModel(root, name, models);
}

function isApi(file) {
  return Object.values(apis).some((api) => file === `apis/${api}.js`);
}

/** A method of a class, as it is printed in the client. */
const method = /\n    (?:async )?(\w+)\([^\n]*\) \{\n[^]*?\n    \}(?=\n)/g;

function callOf(name) {
  return name.replace(/WithHttpInfo$/, "");
}

function withCalls(code, calls) {
  return code.replaceAll(method, (text, name) =>
    name === "constructor" || calls.has(callOf(name)) ? text : "",
  );
}

function withModels(code, models) {
  return code.replace(/(?<=\nlet typeMap = \{\n)[^}]*/, (all) =>
    all
      .split("\n")
      .filter((line) => models.has(/"(\w+)"/.exec(line)?.[1]))
      .join("\n"),
  );
}
