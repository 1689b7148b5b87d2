// The languages of the page; what is missing in one of them is found by the tests.

import { chinese } from "./chinese.js";
import { english } from "./english.js";

export const words = { en: english, zh: chinese };
