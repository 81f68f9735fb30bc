import type { Reporter, TestModule } from "vitest/node";

/**
 * Ends a run with the plain line `N passed, N failed`, and `, N skipped` if tests were skipped, so that a script can
 * add up the counts of two runs. A file that could not be loaded counts as one failure.
 */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    let skipped = 0;
    for (const module of modules) {
      let own = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") passed += 1;
        else if (state === "failed") own += 1;
        else skipped += 1;
      }
      failed += own === 0 && module.state() === "failed" ? 1 : own;
    }
    process.stdout.write(
      `\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`,
    );
  }
}
