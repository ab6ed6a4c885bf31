package entable_test

// Account has unique fields of two types.
type Account struct {
	ID      string `dynamodbav:"id"`
	Email   string `dynamodbav:"email" entable:"unique"`
	Number  int    `dynamodbav:"number,omitempty" entable:"unique"`
	Name    string `dynamodbav:"name"`
	Version int    `dynamodbav:"version" entable:"version"`
}
