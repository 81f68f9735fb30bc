import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** Whether a program of that name is on the PATH that these variables hold. */
export async function isOnPath(
  program: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<boolean> {
  const extensions = process.platform === "win32" ? (env["PATHEXT"] ?? ".EXE;.CMD").split(";") : [""];
  const files = (env["PATH"] ?? env["Path"] ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "")
    .flatMap((folder) => extensions.map((extension) => join(folder, program + extension)));
  const found = await Promise.all(
    files.map((file) =>
      access(file, constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
