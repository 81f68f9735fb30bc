import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  credentialOf,
  credentialsOf,
  emptyDockerConfig,
  formatDockerConfig,
  MalformedDockerConfigError,
  parseDockerConfig,
  parsePullSecret,
  secondCredentialOf,
  withCredential,
  withoutCredential,
} from "../../src/domain/docker-config.ts";
import { SecretText } from "../../src/domain/secret-text.ts";
import { entriesFor, readDockerConfig } from "../../src/sandbox/kubernetes/kubelet-keyring.ts";

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
    ["objects in objects without an end", base64(`${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`)],
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

  it("of the older type has its entries with nothing around them", () => {
    const data = { ".dockercfg": base64(`{"https://${server}/v1/":{"auth":"${base64("id:pw")}"}}`) };
    const [found] = credentialsOf(parsePullSecret("kubernetes.io/dockercfg", data));
    expect([found?.host, found?.username, found?.password.reveal()]).toEqual([server, "id", "pw"]);
    const isRefused = (text: string) =>
      expect(() => parsePullSecret("kubernetes.io/dockercfg", { ".dockercfg": base64(text) })).toThrow(
        MalformedDockerConfigError,
      );
    isRefused("");
    isRefused("[]");
    isRefused(`{"a":"b"}`);
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

describe("two credentials for one host", () => {
  const credential = (password: string) => ({ username: "id", password: new SecretText(password) });
  const passwordsOf = (read: ReturnType<typeof config>) =>
    credentialsOf(read).flatMap(({ host, password }) => (host === server ? [password.reveal()] : []));
  const entry = (password: string) => ({ username: "id", password });
  const spelling = fc.constantFrom(
    server,
    `https://${server}`,
    `http://${server}`,
    `${server}/`,
    `https://${server}/v1/`,
    `https://${server}/v2/`,
    server.toUpperCase(),
  );
  const foreignHost = fc.oneof(
    fc.stringMatching(/^(https:\/\/)?[a-z]{1,12}\.example(:5000)?(\/team)?$/),
    fc.constantFrom("__proto__", "docker.io", "https://index.docker.io/v1/", `${server}:5000`, `a.${server}`),
  );
  const foreignEntry = fc.oneof(
    fc.constant(null),
    fc.record({ username: fc.string(), password: fc.string(), more: fc.jsonValue() }),
  );

  it("are the plain name's and the one beside it, however the host's letters are", () => {
    const read = withCredential(
      emptyDockerConfig,
      "MyRegistry.azurecr.io",
      credential("new"),
      credential("old"),
    );
    expect(credentialOf(read, server)?.password.reveal()).toBe("new");
    expect(secondCredentialOf(read, "MYREGISTRY.azurecr.io")?.password.reveal()).toBe("old");
    expect(passwordsOf(read)).toEqual(["new", "old"]);
  });

  it.each([
    ["the plain name is missing", { [`https://${server}`]: entry("a") }],
    ["the other spelling is none that we write", { [server]: entry("a"), [`${server}/v2/`]: entry("b") }],
    ["the other host is longer", { [server]: entry("a"), [`https://${server}.evil.test`]: entry("b") }],
    ["there is none at all", {}],
  ])("are not seen where %s", (_when, auths) => {
    expect(secondCredentialOf(config({ auths }), server)).toBeUndefined();
  });

  it("leave nothing of the one before when they are written anew, under no spelling of the host", () => {
    fc.assert(
      fc.property(fc.uniqueArray(spelling), fc.boolean(), (keys, withSecond) => {
        const before = config({ auths: Object.fromEntries(keys.map((key) => [key, entry("before")])) });
        const second = withSecond ? credential("old") : undefined;
        const after = withCredential(before, server, credential("new"), second);
        expect(passwordsOf(after).toSorted()).toEqual(withSecond ? ["new", "old"] : ["new"]);
        expect(credentialOf(after, server)?.password.reveal()).toBe("new");
      }),
    );
  });

  it("are all found, however many there are and under whichever spelling", () => {
    fc.assert(
      fc.property(fc.uniqueArray(spelling), fc.uniqueArray(foreignHost), (keys, foreign) => {
        const ours = keys.map((key) => [key, entry(`of ${key}`)] as const);
        const theirs = foreign.map((key) => [key, entry("foreign")] as const);
        const read = config({ auths: Object.fromEntries([...theirs, ...ours]) });
        expect(passwordsOf(read)).toEqual(keys.map((key) => `of ${key}`));
      }),
    );
  });

  it("leave the entries of other hosts as they were, to the byte, and in their order", () => {
    const hosts = fc.uniqueArray(fc.tuple(fc.oneof(foreignHost, spelling), foreignEntry), {
      selector: ([host]) => host,
    });
    fc.assert(
      fc.property(hosts, fc.dictionary(fc.stringMatching(/^x[a-z]{1,8}$/), fc.jsonValue()), (auths, more) => {
        const before = config({ ...more, auths: Object.fromEntries(auths) });
        const ours = new Set(
          Object.keys(before.auths).filter((key) =>
            credentialsOf(only(before, key)).some(({ host }) => host === server),
          ),
        );
        const foreignText = (read: ReturnType<typeof config>, isOurs: (key: string) => boolean) =>
          JSON.stringify(Object.entries(read.auths).filter(([key]) => !isOurs(key)));
        const written = parseDockerConfig(
          formatDockerConfig(withCredential(before, server, credential("new"), credential("old"))),
        );
        const isOurs = (key: string) => ours.has(key) || key === server || key === `https://${server}`;
        expect(foreignText(written, isOurs)).toBe(foreignText(before, isOurs));
        expect(JSON.stringify({ ...written, auths: null })).toBe(JSON.stringify({ ...before, auths: null }));
      }),
    );
  });

  it("are both tried by a kubelet, and by nobody who pulls from elsewhere", () => {
    const written = withCredential(
      config({ auths: { "docker.io": entry("theirs") } }),
      server,
      credential("new"),
      credential("old"),
    );
    const text = Buffer.from(formatDockerConfig(written), "base64").toString();
    const triedFor = (image: string) =>
      entriesFor(readDockerConfig(text) ?? [], image).map(({ username, password }) => [username, password]);
    expect(triedFor(`${server}/my-awesome-app`)).toEqual([
      ["id", "new"],
      ["id", "old"],
    ]);
    expect(triedFor("docker.io/library/busybox")).toEqual([["id", "theirs"]]);
    expect(triedFor(`evil.${server}/my-awesome-app`)).toEqual([]);
  });

  it("are both gone when the host's entry is taken out", () => {
    const before = config({ auths: { "docker.io": entry("theirs") } });
    const written = withCredential(before, server, credential("new"), credential("old"));
    expect(withoutCredential(written, server)).toEqual(before);
  });
});

/** The config with only one of its hosts. */
function only(read: ReturnType<typeof config>, key: string): ReturnType<typeof config> {
  return { ...read, auths: { [key]: read.auths[key] } };
}
