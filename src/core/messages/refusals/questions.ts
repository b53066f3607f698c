import { refuse, type Refusal } from "../../domain/refusal.ts";

export const refuseUnknownQuestion = (id: string): Refusal =>
  refuse("unknown-mail", `There is no question \`${id}\`.`, "/enki status").refusal;

export const refuseAnsweredQuestion = (id: string): Refusal =>
  refuse("already-answered", `\`${id}\` already has an answer.`, "/enki status").refusal;

export const refuseFullMailbox = (most: number): Refusal => refuse("too-much-mail", `an execution keeps at most ${most} mails`).refusal;

export const refuseUnknownRecipient = (address: string): Refusal => refuse("unknown-address", `unknown address '${address}'`).refusal;

export const refuseForeignMail = (id: string): Refusal => refuse("unknown-mail", `no mail ${id} was sent to this job`).refusal;

export const refuseMailReply = (reason: string): Refusal => refuse("no-reply", reason).refusal;

/** A subject is seldom a whole sentence. */
const endQuestion = (subject: string): string => (/[.!?…]$/.test(subject) ? subject : `${subject}.`);

export const refuseUntilAnswer = (question: { id: string; subject: string }, others: number): Refusal =>
  refuse(
    "asked",
    `${endQuestion(question.subject)}${others > 0 ? ` And ${others} more ${others === 1 ? "question" : "questions"}.` : ""}`,
    `/enki reply ${question.id} <your answer>`,
  ).refusal;

/** Why an address may not answer a mail. */
export const explainForeignMail = (id: string): string => `message ${id} was not sent to you`;
export const explainNoRequest = (id: string): string => `message ${id} is not a request, so it needs no reply`;
export const explainAnsweredMail = (id: string, status: string): string => `message ${id} is already '${status}'`;
