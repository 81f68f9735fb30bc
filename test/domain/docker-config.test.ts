import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  credentialOf,
  emptyDockerConfig,
  formatDockerConfig,
  MalformedDockerConfigError,
  parseDockerConfig,
  withCredential,
  withoutCredential,
} from "../../src/domain/docker-config.ts";
import { SecretText } from "../../src/domain/secret-text.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const config = (value: unknown) => parseDockerConfig(base64(JSON.stringify(value)));
const server = "myregistry.azurecr.io";

describe("a docker config", () => {
  it("is written in kubectl's own form", () => {
    const written = withCredential(emptyDockerConfig, server, {
      username: "id",
      password: new SecretText("p:w"),
    });
    expect(Buffer.from(formatDockerConfig(written), "base64").toString()).toBe(
      `{"auths":{"${server}":{"username":"id","password":"p:w","auth":"${base64("id:p:w")}"}}}`,
    );
  });

  it.each([
    ["no key", undefined],
    ["no JSON", base64("{")],
    ["a list", base64("[]")],
    ["null", base64("null")],
    ["auths that are a list", base64(`{"auths":[]}`)],
    ["an entry that is a text", base64(`{"auths":{"a":"b"}}`)],
    ["an auth without a colon", base64(`{"auths":{"a":{"auth":"${base64("nocolon")}"}}}`)],
    ["an auth that is no base64", base64(`{"auths":{"a":{"auth":"***"}}}`)],
    ["a password that is a number", base64(`{"auths":{"a":{"password":1}}}`)],
  ])("with %s is refused, as the kubelet refuses it", (_what, text) => {
    expect(() => parseDockerConfig(text)).toThrow(MalformedDockerConfigError);
  });

  it("may have null for what is empty, as Go reads it, and keeps another host's null", () => {
    expect(config({ auths: null }).auths).toEqual({});
    const read = config({ auths: { "other.example": null, [server]: null } });
    expect(credentialOf(read, server)?.username).toBe("");
    const fields = config({ auths: { [server]: { username: "id", password: null, auth: null } } });
    expect(credentialOf(fields, server)?.username).toBe("id");
    const written = withCredential(read, server, { username: "id", password: new SecretText("pw") });
    expect(written.auths["other.example"]).toBeNull();
    expect(credentialOf(written, server)?.username).toBe("id");
  });

  it("never quotes what it could not read", () => {
    expect(() => parseDockerConfig(base64(`{"auths":{"a":{"password":"s3cret"`))).toThrow(/^is not JSON$/);
  });

  it("lets auth override user name and password, split at its first colon", () => {
    const read = credentialOf(
      config({ auths: { [server]: { username: "x", password: "y", auth: base64("id:a:b") } } }),
      server,
    );
    expect([read?.username, read?.password.reveal()]).toEqual(["id", "a:b"]);
  });

  it.each([`https://${server}`, `${server}/`, `https://${server}/v2/`, server.toUpperCase()])(
    "knows the host under the key %s",
    (key) => {
      expect(
        credentialOf(config({ auths: { [key]: { username: "id", password: "pw" } } }), server)?.username,
      ).toBe("id");
    },
  );

  it("does not take a longer host, another port or a path for the host", () => {
    for (const key of [`${server}.evil.test`, `evil${server}`, `${server}:5000`, `${server}/team`]) {
      expect(
        credentialOf(config({ auths: { [key]: { username: "id", password: "pw" } } }), server),
      ).toBeUndefined();
    }
  });

  it("keeps everything foreign when an entry is put in and taken out again", () => {
    const host = fc.stringMatching(/^[a-z]{1,12}\.example$/);
    const entry = fc.record({ username: fc.string(), password: fc.string(), email: fc.string() });
    fc.assert(
      fc.property(
        fc.dictionary(host, entry),
        fc.dictionary(fc.stringMatching(/^x[a-z]{1,8}$/), fc.jsonValue()),
        (auths, more) => {
          const before = config({ ...more, auths });
          const with_ = withCredential(before, server, { username: "id", password: new SecretText("pw") });
          expect(credentialOf(with_, server)?.password.reveal()).toBe("pw");
          expect(withoutCredential(with_, server)).toEqual(before);
        },
      ),
    );
  });

  it("replaces every spelling of the host by one entry under the plain name", () => {
    const before = config({
      auths: { [`https://${server}`]: { username: "a", password: "b" }, "other.example": {} },
    });
    const after = withCredential(before, server, { username: "id", password: new SecretText("pw") });
    expect(Object.keys(after.auths).sort()).toEqual([server, "other.example"].sort());
  });
});
