import { join, relative, sep } from "node:path";

/**
 * Puts the code of a layer that several commands share into one file. With one file for each set of commands that
 * share something, a start would read twice as many files. Code of any layer that help needs has a file of its own,
 * and so does code that every run needs. Whatever a file imports is shared at least as widely. It is in the same
 * file, in one of those two, or in the file of a lower layer, so no two files need each other.
 * @param root folder of the project
 */
export function sharedLayers(root) {
  const source = join(root, "src");
  let stages;
  return {
    debugName: "shared layers",
    test: /[\\/]src[\\/](?:cli|core|domain)[\\/]/,
    minShareCount: 3,
    includeDependenciesRecursively: false,
    name(id, modules) {
      const importedLater = (file) => modules.getModuleInfo(join(source, file)).dynamicallyImportedIds;
      stages ??= [
        // Stays in the entry.
        { name: null, ids: importedBy([join(source, "main.ts")], modules) },
        { name: "help", ids: importedBy(importedLater("cli/commands.ts"), modules) },
        {
          name: "run",
          ids: importedBy([...importedLater("main.ts"), ...importedLater("cli/program.ts")], modules),
        },
      ];
      const stage = stages.find(({ ids }) => ids.has(id));
      return stage ? stage.name : relative(source, id).split(sep)[0];
    },
  };
}

/** Everything that is loaded along with some modules, including them. */
function importedBy(ids, modules, known = new Set()) {
  for (const id of ids.filter((one) => !known.has(one))) {
    known.add(id);
    importedBy(modules.getModuleInfo(id)?.importedIds ?? [], modules, known);
  }
  return known;
}
