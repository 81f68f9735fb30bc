import { mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkCredentialsFile, credentialsFile } from "../../../src/cli/setup/files.ts";

let folder = "";
let path = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "acr-pull-credentials-"));
  path = join(folder, "credentials.json");
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe("a file for a password", () => {
  it("is readable by its owner alone, whatever the umask", async () => {
    const before = process.umask(0o000);
    try {
      await checkCredentialsFile(path);
      await credentialsFile.write(path, "{}");
    } finally {
      process.umask(before);
    }
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, "utf8")).toBe("{}");
  });

  it("is refused when it exists already, and left as it is", async () => {
    await writeFile(path, "theirs");
    await expect(checkCredentialsFile(path)).rejects.toMatchObject({
      code: "credentials-file.exists",
      exitCode: 2,
    });
    await expect(credentialsFile.write(path, "ours")).rejects.toMatchObject({
      code: "credentials-file.exists",
    });
    expect(await readFile(path, "utf8")).toBe("theirs");
  });

  it("is not written through a link that somebody laid there", async () => {
    const target = join(folder, "target");
    await symlink(target, path);
    await expect(checkCredentialsFile(path)).rejects.toMatchObject({ code: "credentials-file.exists" });
    await expect(credentialsFile.write(path, "ours")).rejects.toMatchObject({
      code: "credentials-file.exists",
    });
    await expect(stat(target)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("is refused where there is no folder for it", async () => {
    const nowhere = join(folder, "none", "credentials.json");
    await expect(checkCredentialsFile(nowhere)).rejects.toMatchObject({
      code: "credentials-file.unwritable",
      exitCode: 2,
    });
  });
});
