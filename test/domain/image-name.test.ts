import { expect, it } from "vitest";
import { imageName } from "../../src/domain/image-name.ts";

const digest = `sha256:${"a".repeat(64)}`;

it.each([
  ["contoso.azurecr.io/team/app:v1", "contoso.azurecr.io", "team/app", "v1"],
  ["contoso.azurecr.io/app", "contoso.azurecr.io", "app", "latest"],
  ["localhost:5000/app:v1", "localhost:5000", "app", "v1"],
  ["localhost/app", "localhost", "app", "latest"],
  [`contoso.azurecr.io/app:v1@${digest}`, "contoso.azurecr.io", "app", digest],
  [`contoso.azurecr.io/app@${digest}`, "contoso.azurecr.io", "app", digest],
  ["team/app:v1", "docker.io", "team/app", "v1"],
  ["nginx", "docker.io", "nginx", "latest"],
])("the image %s is of %s: %s at %s", (text, host, repository, reference) => {
  expect(imageName(text)).toEqual({ host, repository, reference });
});
