/** True when a path matches a glob: `*` within a folder, `**` over folders, `?` one character. Case does not count, as on some file systems. */
export const matchesGlob = (glob: string, path: string): boolean => compileGlob(glob).test(path);

const compileGlob = (glob: string): RegExp => {
  const source = glob.replace(/\*\*\/|\*\*|\*|\?|[\\^$+.()|{}[\]]/g, (part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "**") return ".*";
    if (part === "*") return "[^/]*";
    return part === "?" ? "[^/]" : `\\${part}`;
  });
  return new RegExp(`^${source}$`, "iu");
};
