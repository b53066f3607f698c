import { describe, expect, test } from "vitest";
import { ECOSYSTEMS, listEcosystems, resolveNetworkWords } from "../../../src/core/policy/package-registries.ts";
import { readHostPattern } from "../../../src/core/policy/network-hosts.ts";
import { detectProject } from "../../../src/core/setup/detect-project.ts";

/** The smallest file of each language by which Enki detects the language. */
const MANIFESTS: Readonly<Record<(typeof ECOSYSTEMS)[number], { readonly path: string; readonly language: string }>> = {
  node: { path: "package.json", language: "Node.js" },
  python: { path: "pyproject.toml", language: "Python" },
  go: { path: "go.mod", language: "Go" },
  rust: { path: "Cargo.toml", language: "Rust" },
  java: { path: "pom.xml", language: "Java" },
  ruby: { path: "Gemfile", language: "Ruby" },
  dotnet: { path: "app.csproj", language: ".NET" },
  php: { path: "composer.json", language: "PHP" },
};

describe("the registries of a repository", () => {
  test.each(ECOSYSTEMS)("%s: are those of the language that the set-up detects, in any folder", (ecosystem) => {
    const { path, language } = MANIFESTS[ecosystem];
    const facts = { paths: [path], read: (asked: string) => (asked === path ? "{}" : null) };
    expect(detectProject(facts).tools.map((tool) => tool.language)).toEqual([language]);
    expect(listEcosystems([path])).toEqual([ecosystem]);
    expect(listEcosystems(["README.md", `services/one/${path}`])).toEqual([ecosystem]);
  });

  test("are of no language without a manifest", () => {
    expect(listEcosystems(["README.md", "src/package.json.bak", "go.mod/x"])).toEqual([]);
  });

  test("replace `packages` and the names of languages, each once", () => {
    expect(resolveNetworkWords(["packages", "python", "example.com", "go"], ["go"])).toEqual([
      "proxy.golang.org",
      "sum.golang.org",
      "pypi.org",
      "files.pythonhosted.org",
      "example.com",
    ]);
    expect(resolveNetworkWords(["packages"], [])).toEqual([]);
  });

  test("are hosts that a policy can name", () => {
    for (const host of resolveNetworkWords(ECOSYSTEMS, [])) expect(readHostPattern(host)).toMatchObject({ host, isWildcard: false });
  });
});
