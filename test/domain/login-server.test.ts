import { describe, expect, it } from "vitest";
import { cloudOfLoginServer, registryHostOf, registryNameIn } from "../../src/domain/login-server.ts";

describe("the name of a login server", () => {
  it.each([
    ["contoso.azurecr.io", "AzureCloud"],
    ["CONTOSO.azurecr.IO", "AzureCloud"],
    ["contoso-a1b2c3d4.azurecr.io", "AzureCloud"],
    ["contoso.westeurope.geo.azurecr.io", "AzureCloud"],
    ["contoso.azurecr.us", "AzureUSGovernment"],
    ["contoso.azurecr.cn", "AzureChinaCloud"],
    ["azurecr.io", undefined],
    ["a.b.azurecr.io", undefined],
    ["azurecr.io.evil.example", undefined],
    ["evilazurecr.io", undefined],
    ["ghcr.io", undefined],
  ])("%s tells the cloud %s", (host, cloud) => {
    expect(cloudOfLoginServer(host)).toBe(cloud);
  });

  it.each([
    ["contoso.azurecr.io", "contoso"],
    ["Contoso-a1b2c3d4.azurecr.io", "contoso"],
    ["contoso.westeurope.geo.azurecr.io", "contoso"],
    ["localhost:5000", "localhost"],
  ])("%s tells the registry %s", (host, name) => {
    expect(registryNameIn(host)).toBe(name);
  });

  it("of a regional endpoint leads to its registry's own, any other to itself", () => {
    expect(registryHostOf("Contoso-a1.westeurope.geo.azurecr.us")).toBe("contoso-a1.azurecr.us");
    expect(registryHostOf("contoso.westeurope.data.azurecr.io")).toBe("contoso.westeurope.data.azurecr.io");
    expect(registryHostOf("localhost:5000")).toBe("localhost:5000");
  });
});
