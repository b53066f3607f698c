/**
 * Variables that actions for languages export, such as `actions/setup-java`: places of tools, and no credentials. A virtual environment is
 * not among them: on a person's machine, commands would change it.
 */
const TOOL_VARIABLE =
  /^(?:JAVA_HOME(?:_\w+)?|GOROOT(?:_\w+)?|GOTOOLCHAIN|pythonLocation|Python[23]?_ROOT_DIR|PKG_CONFIG_PATH|LD_LIBRARY_PATH|DOTNET_ROOT|ANDROID_(?:HOME|SDK_ROOT|NDK_HOME)|FLUTTER_ROOT|INSTALL_DIR_FOR_(?:OTP|ELIXIR)|GRADLE_HOME|SWIFT_PATH)$/;

/** Variables of the runner and of Enki, and those that a job sets itself. Case does not matter. */
const RESERVED_VARIABLE = /^(?:(?:ACTIONS|ENKI|GITHUB|INPUT|OTEL|RUNNER|STATE)_.*|CI|GH_TOKEN|HOME|PATH|TMPDIR)$/i;

export const isToolVariable = (name: string): boolean => TOOL_VARIABLE.test(name);

/** Whether `[jobs] env` may not name a variable. */
export const isReservedVariable = (name: string): boolean => RESERVED_VARIABLE.test(name);
