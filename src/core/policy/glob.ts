/** `*` matches within a folder, `**` across folders, `?` one character. Ignores case, like some file systems. */
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
