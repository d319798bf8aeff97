// Package insight is what people learn of the caches: metrics, the trend of the last minutes, explanations of what is
// cached, and a verifier that compares answers with the database. It changes nothing, but for the healer, which starts
// the caches anew after wrong answers.
package insight
