#!/usr/bin/env node
// The command that npm installs. Old syntax only: every Node reads this file, and an old one gets one sentence.
"use strict";

var fs = require("fs");
var path = require("path");
var findNodeFault = require("./check-node.cjs");

var bundle = path.join(__dirname, "..", "dist", "cli.js");
var fault =
  findNodeFault(process.versions.node, require("../package.json").engines.node) ||
  (fs.existsSync(bundle) ? null : "Enki is not built here; run npm run build");
if (fault === null) {
  void import("../dist/cli.js");
} else {
  process.stderr.write("enki: " + fault + "\n");
  process.exitCode = 1;
}
