// Package insight shows people what the caches do. It has the metrics, the trend of the last minutes, explanations of
// what is cached, and a verifier that compares answers with the database. It changes nothing, except for the healer,
// which restarts the caches after wrong answers.
package insight
