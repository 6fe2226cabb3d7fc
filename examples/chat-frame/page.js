// The page around a chat of another origin. This is all that it does for Sayso: it lets frames of that origin, and no other, ask
// the person, here below the conversation; they hear what came of it. See widget/CHAT.md.

import { answerFrames } from "__COLLECTOR__/say-so.js";

answerFrames({ origins: ["__ELSEWHERE__"], site: "demo", into: document.querySelector("#question") });
