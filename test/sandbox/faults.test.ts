import { describe, expect, it } from "vitest";
import { FaultInjector, readFaults } from "../../src/sandbox/faults.ts";

describe("a list of faults", () => {
  it("is read with the defaults of the contract", () => {
    expect(
      readFaults(
        [
          { match: "PUT .*/roleAssignments/", times: 2, status: 400, code: "PrincipalNotFound" },
          { match: "POST .*/addPassword", after: "commit", action: "drop" },
          { match: "GET", status: 429, retryAfter: 3, delay: "50ms" },
        ],
        "faults.json",
      ),
    ).toEqual([
      {
        match: /PUT .*\/roleAssignments\//,
        nth: 1,
        times: 2,
        status: 400,
        code: "PrincipalNotFound",
        after: "receive",
      },
      { match: /POST .*\/addPassword/, nth: 1, times: 1, action: "drop", after: "commit" },
      { match: /GET/, nth: 1, times: 1, status: 429, retryAfter: 3, delay: 50, after: "receive" },
    ]);
  });

  it("may ask for an echo, with a status that is no error too", () => {
    const [fault] = readFaults([{ match: "x", status: 200, echo: { as: "hex", from: 3 } }], "faults.json");
    expect(fault?.echo).toEqual({ of: "request", in: "message", as: "hex", from: 3 });
  });

  it.each([
    ["no list", { match: "x", status: 500 }, "expected array"],
    ["no match", [{ status: 500 }], "0.match"],
    ["a broken expression", [{ match: "(", status: 500 }], "0.match: not a regular expression: ("],
    ["nothing to do", [{ match: "x" }], "0: does nothing"],
    ["an unknown field", [{ match: "x", status: 500, time: 2 }], '"time"'],
    ["an unknown action", [{ match: "x", action: "explode" }], "0.action"],
    ["a status that is no error", [{ match: "x", status: 200 }], "0.status"],
    ["an action beside a status", [{ match: "x", status: 500, action: "drop" }], "choose status or action"],
    ["a code without a status", [{ match: "x", action: "drop", code: "Y" }], "belong to a status"],
    ["an action beside an echo", [{ match: "x", action: "drop", echo: {} }], "choose echo or action"],
    ["an echo of what there is not", [{ match: "x", status: 400, echo: { of: "soul" } }], "0.echo.of"],
    ["a bad delay", [{ match: "x", delay: "soon" }], "0.delay: not a duration"],
    ["a zeroth time", [{ match: "x", status: 500, nth: 0 }], "0.nth"],
  ])("with %s is refused with its origin and the field", (_, value, message) => {
    expect(() => readFaults(value, "faults.json")).toThrow(message);
    expect(() => readFaults(value, "faults.json")).toThrow(/^faults\.json: /);
  });
});

describe("the injector of faults", () => {
  const injector = (...faults: unknown[]) => new FaultInjector(readFaults(faults, "test"));
  const struck = (faults: FaultInjector, lines: readonly string[]) =>
    lines.map((line) => faults.strike(line)?.status);

  it.each([
    [{}, [500, undefined, undefined, undefined]],
    [{ times: 3 }, [500, 500, 500, undefined]],
    [{ nth: 3 }, [undefined, undefined, 500, undefined]],
    [{ nth: 2, times: 2 }, [undefined, 500, 500, undefined]],
  ])("strikes as %j says", (fields, expected) => {
    const faults = injector({ match: "^GET /a", status: 500, ...fields });
    expect(struck(faults, ["GET /a", "GET /a?b", "GET /a", "GET /a"])).toEqual(expected);
  });

  it("counts only what fits", () => {
    const faults = injector({ match: "^PUT ", nth: 2, status: 500 });
    expect(struck(faults, ["PUT /a", "GET /a", "PUT /b", "PUT /c"])).toEqual([
      undefined,
      undefined,
      500,
      undefined,
    ]);
  });

  it("counts each fault for itself, and lets the first of two strike", () => {
    const faults = injector({ match: "a", status: 500 }, { match: "a", nth: 1, times: 2, status: 503 });
    expect(struck(faults, ["GET /a", "GET /a", "GET /a"])).toEqual([500, 503, undefined]);
  });

  it("begins to count again when its faults are replaced", () => {
    const faults = injector({ match: "a", status: 500 });
    expect(struck(faults, ["a", "a"])).toEqual([500, undefined]);
    faults.set(readFaults([{ match: "a", status: 500 }], "test"));
    expect(struck(faults, ["a", "a"])).toEqual([500, undefined]);
  });
});
