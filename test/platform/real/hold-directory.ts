import { openDataDirectory } from "../../../src/platform/real/data-directory.ts";
import { realRandom } from "../../../src/platform/real/random.ts";

/** Opens the given data directory, says so, and holds it until it is killed. */
const directory = openDataDirectory(process.argv[2] ?? "", realRandom);
process.stdout.write(directory.path);
setInterval(() => {}, 1000);
