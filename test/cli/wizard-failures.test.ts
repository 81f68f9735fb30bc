import { describe, expect, it } from "vitest";
import { question, walk } from "./scripted-wizard.ts";

describe("a wizard whose question failed", () => {
  const three = [question("first"), question("second"), question("third")];
  const answered = { first: "1", second: "2", third: "3" };

  it("asks the same question again", async () => {
    const { given } = await walk(three, "first: 1, second: fail, failed: again, second: 2, third: 3");
    expect(given).toEqual(answered);
  });

  it("looks up again what it shows", async () => {
    const { looks } = await walk(three, "first: fail, failed: again, first: 1, second: 2, third: 3");
    expect(looks.filter((look) => look === "first")).toHaveLength(2);
  });

  it("goes back", async () => {
    const { given } = await walk(
      three,
      "first: 1, second: fail, failed: back, first: 1, second: 2, third: 3",
    );
    expect(given).toEqual(answered);
  });

  it("lets an earlier answer be changed, and comes back to what failed", async () => {
    const toThird = "first: 0, second: 2, third: fail, failed: change first";
    expect((await walk(three, `${toThird}, first: 1, third: 3`)).given).toEqual(answered);
    const back = await walk(three, `${toThird}, first: back, third: 3`);
    expect(back.given).toEqual({ ...answered, first: "0" });
  });

  it("takes an option more, and asks again what that decides", async () => {
    const all = [question("first"), question("second", { dependsOn: ["more"] }), question("third")];
    const script = "first: 1, second: 0, third: fail, failed: give more, second: 2, third: 3";
    expect((await walk(all, script)).given).toEqual({ ...answered, more: "true" });
  });

  it("goes on where that option leaves off, with the usual way back", async () => {
    const change = "first: 1, second: 0, third: change first, first: fail, failed: give more";
    const { given } = await walk(three, `${change}, third: back, second: 2, third: 3`);
    expect(given).toEqual({ ...answered, more: "true" });
  });

  it("gives that option for the answers alone that it was to mend", async () => {
    const toThird = "first: 1, second: 2, third: fail, failed: give more for second";
    expect((await walk(three, `${toThird}, third: 3`)).given).toEqual({ ...answered, more: "true" });
    const changed = await walk(three, `${toThird}, third: change second, second: 0, third: 3`);
    expect(changed.given).toEqual({ ...answered, second: "0" });
  });

  it("asks what that option settles as soon as it counts no more", async () => {
    const all = [question("first"), question("second", { settledBy: ["more"] }), question("third")];
    const { given } = await walk(
      all,
      "first: 1, second: fail, failed: give more for first, third: change first, first: 0, second: 2, third: 3",
    );
    expect(given).toEqual({ first: "0", second: "2", third: "3" });
  });

  it("ends with what nobody can do anything about", async () => {
    await expect(walk(three, "first: fail, failed: stop")).rejects.toThrow("first failed");
  });
});
