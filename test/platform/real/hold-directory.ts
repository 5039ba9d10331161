import { openDataDirectory } from "../../../src/platform/real/data-directory.ts";
import { realRandom } from "../../../src/platform/real/random.ts";

/**
 * Opens the given data directory, says so, and holds it until it is killed or its parent is gone.
 */
const directory = openDataDirectory(process.argv[2] ?? "", realRandom);
process.stdout.write(directory.path);
process.stdin.on("end", () => process.exit(1));
process.stdin.resume();
