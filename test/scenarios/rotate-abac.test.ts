import { expect, it } from "vitest";
import { entryOf, setup } from "../program.ts";
import { countingWrites, endGrace, keyIds, rotate, rotation, start } from "./rotation.ts";

const args = ["--registry", "abacregistry", "--repository", "my-awesome-app"];

it.concurrent(
  "rotate, where the role is limited to repositories, does without a pull of just any name",
  async (test) => {
    const sandbox = await start(test);
    expect((await setup(sandbox, args)).code).toBe(0);
    const { keyId, state, replaced: old } = await rotation(sandbox);
    expect(state).toBe("pending");
    endGrace(sandbox);
    const finished = await rotation(sandbox, ["--finish"]);
    expect([finished.replaced, finished.retired, keyIds(sandbox)]).toEqual([old, true, [keyId]]);
    expect(entryOf(sandbox, "abacregistry")).toBeDefined();
  },
);

it.concurrent(
  "rotate, where the role is limited to repositories, pulls the image that is named",
  async (test) => {
    const sandbox = await start(test);
    expect((await setup(sandbox, args)).code).toBe(0);
    const { state } = await rotation(sandbox, ["--image", "my-awesome-app:v1"]);
    expect(state).toBe("pending");
  },
);

it.concurrent(
  "rotate, asked to prove an image that the role does not cover, makes no key and says so",
  async (test) => {
    const sandbox = await start(test);
    expect((await setup(sandbox, args)).code).toBe(0);
    const image = ["--image", "another:v1", "--timeout", "2s"];
    const { result, writes } = await countingWrites(sandbox, () => rotate(sandbox, image));
    expect([result.code, result.json.error?.code, writes], result.stderr).toEqual([
      2,
      "proof.no-pull-scope",
      0,
    ]);
    expect(result.json.error.message).toContain("another:v1");
  },
);
