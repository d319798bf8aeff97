package cached

// EntryKey is the key of the Cache under which the answer to a question is.
var EntryKey = entryKey
