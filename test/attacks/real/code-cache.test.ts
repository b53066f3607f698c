import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createBundleLoader, findCodeCache } from "../../../src/cli/bundle-loader.ts";
import { type AttackEnd, attackFamily } from "../attack-family.ts";

const OTHER = 65_534;
const isRoot = process.getuid?.() === 0;
const HASH_BYTES = 32;
const BUILD = JSON.stringify([process.versions, process.platform, process.arch, process.config]);

let root = "";
let bundle = 0;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "enki-code-"));
  chmodSync(root, 0o755);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const at = (...names: readonly string[]): string => join(root, ...names);

const toText = (value: string): string =>
  `const read = () => "${value}"; exports.value = read(); // ${process.pid} ${String(bundle).padStart(9, "0")}`;

type Planted = { readonly name: string; readonly packed: Buffer };

/**
 * A bundle, and another user's code for it: compiled from another text of the same length, under the right name and hash. V8 keeps what a
 * process compiled, so each bundle has a text of its own.
 */
const openBundle = (): Planted => {
  bundle += 1;
  for (const directory of ["bundles", "evil"]) mkdirSync(at(directory));
  writeFileSync(at("bundles", "cli.cjs"), toText("good"));
  writeFileSync(at("evil", "cli.cjs"), toText("evil"));
  const loader = createBundleLoader({ bundles: at("evil"), cache: at("made") });
  loader.load("cli");
  loader.save();
  const [made = ""] = readdirSync(at("made"));
  const code = readFileSync(at("made", made)).subarray(HASH_BYTES);
  const name = `cli-${createHash("sha256").update(BUILD).update(toText("good")).digest("hex")}.code`;
  return { name, packed: pack(name, code) };
};

const pack = (name: string, code: Buffer): Buffer => Buffer.concat([createHash("sha256").update(name).update(code).digest(), code]);

/** Loads the bundle with this cache; says whether the planted code ran. */
const runBundle = (cache: string): AttackEnd => {
  const loader = createBundleLoader({ bundles: at("bundles"), cache });
  const { value } = loader.load("cli") as { readonly value: string };
  return value === "good" ? { stopped: "compiled-afresh" } : { through: `ran ${value} code` };
};

/** Code that looks private in every cache, as after an exchange of its directory by somebody who may rename it. */
const plantIn = (cache: string, { name, packed }: Planted): void => {
  mkdirSync(cache, { recursive: true, mode: 0o755 });
  chmodSync(cache, 0o700);
  writeFileSync(join(cache, name), packed, { mode: 0o600 });
};

const open = (...names: readonly string[]): string => {
  mkdirSync(at(...names), { recursive: true });
  chmodSync(at(...names), 0o777);
  return at(...names);
};
const safe = (...names: readonly string[]): string => {
  mkdirSync(at(...names), { recursive: true, mode: 0o755 });
  return at(...names);
};
const give = (path: string): string => {
  lchownSync(path, OTHER, OTHER);
  return path;
};
const link = (target: string, ...names: readonly string[]): string => {
  symlinkSync(target, at(...names));
  return at(...names);
};

/** Makes a home below which somebody else can exchange a directory or a link; returns the home. */
const HOMES: Readonly<Record<string, () => string>> = {
  "in a directory that everybody may write to": () => join(open("open"), "home"),
  "three levels below such a directory": () => join(open("open"), "a", "b", "home"),
  "behind a link to such a directory": () => link(open("open"), "home"),
  "behind a link into such a directory": () => (open("open"), safe("open", "mine"), link(at("open", "mine"), "home")),
  "behind a link in the middle of the path": () => {
    open("open");
    safe("open", "mid");
    safe("real");
    link(at("real"), "open", "mid", "on");
    return join(link(at("open", "mid"), "home"), "on");
  },
  "behind a relative link in the middle of the path": () => {
    open("open");
    safe("open", "mid");
    safe("real");
    link("../../real", "open", "mid", "on");
    link("./open/mid", "home");
    return at("home", "on");
  },
  "behind a link in the middle whose target is in a directory of a group": () => {
    chmodSync(open("open"), 0o775);
    chownSync(at("open"), process.getuid?.() ?? 0, isRoot ? OTHER : (process.getgid?.() ?? 0) + 1);
    safe("open", "mid");
    safe("real");
    link(at("real"), "open", "mid", "on");
    return join(link(at("open", "mid"), "home"), "on");
  },
  "behind a link to a link in such a directory": () => (
    safe("real"),
    link(at("real"), "on"),
    open("open"),
    renameSync(at("on"), at("open", "on")),
    link(at("open", "on"), "home")
  ),
  "behind three links of which the last is in such a directory": () => {
    safe("real");
    open("open");
    link(at("real"), "open", "c");
    link(at("open", "c"), "b");
    return link(at("b"), "a");
  },
  "behind a link that passes through such a directory and leaves it again": () => {
    safe("real");
    open("open");
    safe("open", "mid");
    return link(at("open", "mid") + "/../../real", "home");
  },
  "behind a link to a directory that is missing in such a directory": () => (open("open"), link(at("open", "later"), "home")),
  "behind a link whose own directory everybody may write to": () => (open("open"), safe("real"), link(at("real"), "open", "home")),
  "behind two links, with such a directory between the two": () => {
    safe("real", "deep");
    open("open");
    safe("open", "x");
    link(at("real"), "open", "x", "y");
    link(at("open", "x", "y"), "home");
    return at("home", "deep");
  },
  "behind links in a circle": () => (link(at("b"), "a"), link(at("a"), "b")),
  "behind more links than the system follows": () => {
    safe("real");
    link(at("real"), "l0");
    for (let i = 1; i <= 45; i += 1) link(at(`l${i - 1}`), `l${i}`);
    return at("l45");
  },
};
const HOMES_OF_OTHERS: Readonly<Record<string, () => string>> = {
  "in another user's directory": () => join(give(safe("theirs")), "home"),
  "behind a link that another user made in a directory where all may add": () => {
    chmodSync(open("open"), 0o1777);
    safe("real");
    return give(link(at("real"), "open", "home"));
  },
  "in a directory that another user made where all may add": () => (
    chmodSync(open("open"), 0o1777),
    join(give(safe("open", "theirs")), "home")
  ),
  "behind a link in the middle to another user's directory": () => {
    safe("theirs", "mid");
    safe("real");
    link(at("real"), "theirs", "mid", "on");
    give(at("theirs"));
    return join(link(at("theirs", "mid"), "home"), "on");
  },
  "behind a link in the middle that another user owns": () => {
    chmodSync(open("open"), 0o1777);
    safe("real");
    give(link(at("real"), "open", "on"));
    return link(at("open", "on"), "home");
  },
  "behind a link whose directory another user owns": () => (
    safe("real"),
    safe("theirs"),
    link(at("real"), "theirs", "home"),
    give(at("theirs")),
    at("theirs", "home")
  ),
};

type HomeAttack = { readonly makeHome: () => string };
const toHomes = (homes: typeof HOMES): Record<string, HomeAttack & { expected: string }> =>
  Object.fromEntries(Object.entries(homes).map(([name, makeHome]) => [`the home is ${name}`, { makeHome, expected: "compiled-afresh" }]));

attackFamily("compiled code below a path that others can change", toHomes({ ...HOMES, ...(isRoot && HOMES_OF_OTHERS) }), ({ makeHome }) => {
  const planted = openBundle();
  const home = makeHome();
  try {
    plantIn(findCodeCache(home), planted);
  } catch {
    // Links in a circle hold nothing.
  }
  return runBundle(findCodeCache(home));
});

attackFamily(
  "compiled code is stored where others can change it",
  toHomes({ ...HOMES, ...(isRoot && HOMES_OF_OTHERS) }),
  ({ makeHome }) => {
    const { name } = openBundle();
    const cache = findCodeCache(makeHome());
    const loader = createBundleLoader({ bundles: at("bundles"), cache });
    loader.load("cli");
    try {
      loader.save();
    } catch {
      return { stopped: "compiled-afresh" };
    }
    return { through: `stored ${join(cache, name)}` };
  },
);

test("code that this user stored runs, so that only permissions stop the attacks", () => {
  const planted = openBundle();
  plantIn(findCodeCache(safe("home")), planted);
  expect(runBundle(findCodeCache(at("home")))).toEqual({ through: "ran evil code" });
});

type Plant = { readonly change: (file: string, planted: Planted) => void };
const PLANTS: Readonly<Record<string, Plant["change"]>> = {
  "everybody may write": (file) => chmodSync(file, 0o622),
  "its group may write": (file) => chmodSync(file, 0o620),
  "everybody but the group may write": (file) => chmodSync(file, 0o602),
  "is in a directory where everybody may add": (file) => chmodSync(dirname(file), 0o777),
  "is in a directory where everybody may add, and only owners remove": (file) => chmodSync(dirname(file), 0o1777),
  "is in a directory where its group may add": (file) => chmodSync(dirname(file), 0o770),
  "is a link to private code": (file) => (renameSync(file, at("moved")), symlinkSync(at("moved"), file)),
  "is a link beside itself": (file) => (renameSync(file, `${file}.1`), symlinkSync(`${file}.1`, file)),
  "is a link to itself": (file) => (rmSync(file), symlinkSync(file, file)),
  "is in a directory behind a link": (file) => (renameSync(dirname(file), at("moved")), symlinkSync(at("moved"), dirname(file))),
  "is a pipe": (file) => (rmSync(file), void execFileSync("mkfifo", ["-m", "600", file])),
  "is a directory": (file) => (rmSync(file), mkdirSync(file, { mode: 0o700 })),
  "is empty": (file) => truncateSync(file, 0),
  "is a hash without code": (file) => truncateSync(file, HASH_BYTES),
  "is shorter than a hash": (file) => truncateSync(file, HASH_BYTES - 1),
  "lost its last byte": (file, { packed }) => truncateSync(file, packed.length - 1),
  "has one byte more": (file, { packed }) => writeFileSync(file, Buffer.concat([packed, Buffer.from([0])])),
  "has a hash of the code alone": (file, { packed }) => {
    const code = packed.subarray(HASH_BYTES);
    writeFileSync(file, Buffer.concat([createHash("sha256").update(code).digest(), code]));
  },
  "has the hash of code with another name": (file, { packed, name }) =>
    writeFileSync(file, pack(name.replace("cli", "app"), packed.subarray(HASH_BYTES))),
  "has a hash of zeros": (file, { packed }) => writeFileSync(file, Buffer.from(packed).fill(0, 0, HASH_BYTES)),
  "has the name of another bundle": (file) => renameSync(file, file.replace("cli-", "app-")),
  "has its name in other letters": (file) => renameSync(file, file.replace("cli-", "CLI-")),
  "has the name of a draft": (file) => renameSync(file, `${file}.0123456789abcdef`),
  "is of another build of Node": (file, { packed }) => {
    const other = `cli-${createHash("sha256").update(`${BUILD} `).update(toText("good")).digest("hex")}.code`;
    rmSync(file);
    writeFileSync(join(dirname(file), other), pack(other, packed.subarray(HASH_BYTES)));
  },
  "is of another text": (file, { packed }) => {
    const other = `cli-${createHash("sha256").update(BUILD).update(toText("evil")).digest("hex")}.code`;
    rmSync(file);
    writeFileSync(join(dirname(file), other), pack(other, packed.subarray(HASH_BYTES)));
  },
};
const PLANTS_OF_OTHERS: Readonly<Record<string, Plant["change"]>> = {
  "another user owns": (file) => give(file),
  "another user owns, for reading only": (file) => (chmodSync(file, 0o400), give(file)),
  "is in another user's directory": (file) => give(dirname(file)),
  "is another name of another user's file": (file) => (renameSync(file, at("theirs")), give(at("theirs")), linkSync(at("theirs"), file)),
  "is one of another user's files behind a link": (file) => (
    renameSync(file, at("theirs")),
    give(at("theirs")),
    symlinkSync(at("theirs"), file)
  ),
  "is in another user's directory behind a link": (file) => (
    renameSync(dirname(file), at("theirs")),
    give(at("theirs")),
    symlinkSync(at("theirs"), dirname(file))
  ),
};

const toPlants = (plants: typeof PLANTS): Record<string, Plant & { expected: string }> =>
  Object.fromEntries(Object.entries(plants).map(([name, change]) => [`code that ${name}`, { change, expected: "compiled-afresh" }]));

attackFamily("compiled code in a person's own cache", toPlants({ ...PLANTS, ...(isRoot && PLANTS_OF_OTHERS) }), ({ change }) => {
  const planted = openBundle();
  const cache = findCodeCache(safe("home"));
  plantIn(cache, planted);
  change(join(cache, planted.name), planted);
  return runBundle(cache);
});

attackFamily("compiled code beside the bundles", toPlants({ ...PLANTS, ...(isRoot && PLANTS_OF_OTHERS) }), ({ change }) => {
  const planted = openBundle();
  plantIn(at("bundles"), planted);
  chmodSync(at("bundles"), 0o755);
  change(at("bundles", planted.name), planted);
  return runBundle(findCodeCache(at("home")));
});
