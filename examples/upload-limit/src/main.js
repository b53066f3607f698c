import { readConfig } from "./config.js";
import { createUploadServer } from "./server.js";

const config = readConfig();
createUploadServer(config).listen(config.port, () => console.log(`listening on ${config.port}`));
