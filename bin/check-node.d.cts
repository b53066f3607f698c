declare function findNodeFault(node: string, range: string): string | null;
export = findNodeFault;
