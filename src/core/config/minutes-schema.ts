import { z } from "zod";

/** A time limit of a job, in minutes. GitHub ends each job after six hours. */
export const minutesSchema = z.number().positive().max(360);
