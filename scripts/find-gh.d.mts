export function findGh(directory: string): { readonly command: string | null; readonly reason?: string };
export function ghEnvironment(of: { readonly url: string; readonly token: string; readonly directory: string }): Readonly<
  Record<string, string>
> & {
  readonly GH_TOKEN: string;
};
