import { describe, expect, it } from "vitest";
import { FirstLooks } from "../../../src/core/setup/first-looks.ts";
import type { Directory } from "../../../src/core/ports.ts";

const signal = new AbortController().signal;

/** A directory and a registry that never answer, and record what they are asked and which questions are given up. */
function scripted() {
  const asked: string[] = [];
  const stopped: string[] = [];
  const answer = (what: string, until: AbortSignal): Promise<undefined> => {
    asked.push(what);
    return new Promise((_resolve, reject) => {
      until.addEventListener("abort", () => {
        stopped.push(what);
        reject(new Error("stopped"));
      });
    });
  };
  const directory: Partial<Directory> = {
    findApplicationByUniqueName: (name, until) => answer(`application ${name}`, until),
    findDeletedApplication: (name, until) => answer(`deleted ${name}`, until),
  };
  const pullProof = { checkReachable: (host: string, until: AbortSignal) => answer(`reach ${host}`, until) };
  return { looks: new FirstLooks(directory as Directory, pullProof), asked, stopped };
}

describe("looks that were begun beforehand", () => {
  it("are given to whoever asks first, and begun anew for whoever asks again", () => {
    const { looks, asked } = scripted();
    looks.beginApplication("ours", true, signal);
    void looks.directory.findApplicationByUniqueName("ours", signal);
    expect(asked).toEqual(["application ours", "deleted ours"]);
    void looks.directory.findApplicationByUniqueName("ours", signal);
    expect(asked).toEqual(["application ours", "deleted ours", "application ours"]);
  });

  it("are given up in the end where nobody asked, and only those", () => {
    const { looks, stopped } = scripted();
    looks.beginReachable("guessed.example", signal);
    looks.beginReachable("right.example", signal);
    void looks.checkReachable("right.example", signal);
    looks.close();
    expect(stopped).toEqual(["reach guessed.example"]);
  });

  it("are not begun any more after that", () => {
    const { looks, asked } = scripted();
    looks.close();
    looks.beginReachable("late.example", signal);
    expect(asked).toEqual([]);
  });
});
