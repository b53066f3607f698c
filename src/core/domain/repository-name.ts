/** Whether GitHub could name a repository so. The name becomes a directory and a part of URLs. */
export const isRepositoryName = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}\/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/.test(name);
