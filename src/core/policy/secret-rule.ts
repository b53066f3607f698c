/** A form of credentials. */
export type SecretRule = {
  /** As a noun phrase for people. */
  readonly name: string;
  /** Matches in linear time: a literal start, then bounded or unambiguous parts. */
  readonly form: RegExp;
  /** A text without any of these words, in lower case, has no match. */
  readonly keywords: readonly string[];
  /** The least entropy of a match, in bits per character: a placeholder has less. */
  readonly entropy?: number;
  /** Whether ordinary text could have the form by chance after decoding or joining lines. */
  readonly loose?: boolean;
};
