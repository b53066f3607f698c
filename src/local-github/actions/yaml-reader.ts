import { isString } from "@actions/workflow-parser";
import { TemplateContext, TemplateValidationErrors } from "@actions/workflow-parser/templates/template-context";
import { readTemplate } from "@actions/workflow-parser/templates/template-reader";
import type { LiteralToken } from "@actions/workflow-parser/templates/tokens/literal-token";
import { StringToken } from "@actions/workflow-parser/templates/tokens/string-token";
import { NoOperationTraceWriter } from "@actions/workflow-parser/templates/trace-writer";
import { WORKFLOW_ROOT } from "@actions/workflow-parser/workflows/workflow-constants";
import { getWorkflowSchema } from "@actions/workflow-parser/workflows/workflow-schema";
import { YamlObjectReader } from "@actions/workflow-parser/workflows/yaml-object-reader";
import type { TemplateValue } from "./actions-workflow.ts";

// GitHub's parser is made for editors: it reads expressions in a multi-line text from the source, with indentation
// and quotes. Workflows run the value instead.
class ValueReader extends YamlObjectReader {
  override allowLiteral(): LiteralToken | undefined {
    const token = super.allowLiteral();
    return token && isString(token) ? new StringToken(token.file, token.range, token.value, token.definitionInfo) : token;
  }
}

/**
 * Reads a workflow file with GitHub's schema. The context collects the errors; `root` is null if the text is not
 * valid YAML.
 */
export const readTokens = (path: string, text: string): { readonly context: TemplateContext; readonly root: TemplateValue | null } => {
  const context = new TemplateContext(new TemplateValidationErrors(), getWorkflowSchema(), new NoOperationTraceWriter());
  const file = context.getFileId(path);
  const reader = new ValueReader(file, text);
  for (const error of reader.errors) context.error(file, error.message, error.range);
  return { context, root: reader.errors.length > 0 ? null : (readTemplate(context, WORKFLOW_ROOT, reader, file) ?? null) };
};
