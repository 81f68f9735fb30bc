import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { keysForImage } from "../../src/domain/kubelet-match.ts";
import { entriesFor } from "../../src/sandbox/kubernetes/kubelet-keyring.ts";

describe("the keys that a kubelet takes for an image", () => {
  it.each([
    ["contoso.azurecr.io", true],
    ["https://contoso.azurecr.io", true],
    ["http://contoso.azurecr.io/v1/", true],
    ["contoso.azurecr.io/v2/", true],
    ["*.azurecr.io", true],
    ["contoso.azurecr.io/team", true],
    ["contoso.azurecr.io/other", false],
    ["CONTOSO.azurecr.io", false],
    ["contoso.azurecr.io:443", false],
    ["*.io", false],
    ["azurecr.io", false],
  ])("%s fits: %s", (key, fits) => {
    expect(keysForImage([key], "contoso.azurecr.io/team/app:v1")).toEqual(fits ? [key] : []);
  });

  it("are those of the sandbox's own kubelet, which was written apart", () => {
    const host = fc.constantFrom("a.io", "A.io", "*.io", "b.a.io", "*.a.io", "localhost");
    const port = fc.constantFrom("", ":1", ":2");
    const path = fc.constantFrom("", "/", "/v1/", "/v2/", "/team", "/team/app");
    const scheme = fc.constantFrom("", "https://", "http://");
    const keys = fc.array(
      fc.tuple(scheme, host, port, path).map((parts) => parts.join("")),
      { maxLength: 5 },
    );
    const image = fc.tuple(host, port).map(([name, at]) => `${name}${at}/team/app`);
    fc.assert(
      fc.property(keys, image, (list, name) => {
        const entries = list.map((key) => ({ key, username: "u", password: "p" }));
        expect(keysForImage(list, name)).toEqual(entriesFor(entries, name).map(({ key }) => key));
      }),
    );
  });
});
