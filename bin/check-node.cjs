// Old syntax only: every Node reads this file.
"use strict";

/** The alternatives of a range such as `^20.19.0 || >=22.12.0`. */
var readRange = function (range) {
  return range.split("||").map(function (part) {
    var match = /^\s*(\^|>=)((\d+)\.(\d+)\.(\d+))\s*$/.exec(part);
    return { isOneMajor: match[1] === "^", text: match[2], version: match.slice(3).map(Number) };
  });
};

var isAtLeast = function (version, least) {
  for (var at = 0; at < 3; at += 1) if (version[at] !== least[at]) return version[at] > least[at];
  return true;
};

/** The reason why Enki does not run on this Node, as one sentence; null if it runs. */
module.exports = function findNodeFault(node, range) {
  var version = node.split(".").map(Number);
  var alternatives = readRange(range);
  var fits = alternatives.some(function (each) {
    return isAtLeast(version, each.version) && (!each.isOneMajor || version[0] === each.version[0]);
  });
  if (fits) return null;
  var advice = alternatives.map(function (each) {
    return each.text + " or " + (each.isOneMajor ? "a later " + each.version[0] : "newer");
  });
  return "Enki does not run on Node " + node + "; install Node " + advice.join(", or ");
};
