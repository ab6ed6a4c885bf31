package seal_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/entable/entable/seal"
)

func Example() {
	ctx := context.Background()
	keys, err := seal.Keys(key("2026-11"), key("2025-11")) // from the program's configuration
	if err != nil {
		panic(err)
	}
	by := seal.New(keys, seal.Options{})
	sealed, err := by.Seal(ctx, []byte("a secret"), []byte("this place"))
	if err != nil {
		panic(err)
	}
	text, err := by.Open(ctx, sealed, []byte("this place"))
	fmt.Printf("%s %v\n", text, err)
	_, err = by.Open(ctx, sealed, []byte("that place"))
	fmt.Println(err)
	// Output:
	// a secret <nil>
	// seal: key "2026-11": the ciphertext was not made with this key for this place
}

// kmsAPI is what a source of data keys needs of AWS KMS; *kms.Client of github.com/aws/aws-sdk-go-v2/service/kms has it.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html
type kmsAPI interface {
	GenerateDataKey(context.Context, *kmsGenerateDataKeyInput, ...func(*kmsOptions)) (*kmsGenerateDataKeyOutput, error)
	Decrypt(context.Context, *kmsDecryptInput, ...func(*kmsOptions)) (*kmsDecryptOutput, error)
}

// kmsKeys are the data keys of keys of AWS KMS: the first one writes, all are read.
type kmsKeys struct {
	client kmsAPI
	arns   []string
	about  map[string]string // the encryption context: KMS logs it, and policies can ask for it
}

func (k *kmsKeys) DataKey(ctx context.Context) (seal.DataKey, error) {
	out, err := k.client.GenerateDataKey(ctx, &kmsGenerateDataKeyInput{KeyId: &k.arns[0], KeySpec: "AES_256", EncryptionContext: k.about})
	if err != nil {
		return seal.DataKey{}, err
	}
	return seal.DataKey{ID: k.arns[0], Secret: out.Plaintext, Wrapped: out.CiphertextBlob}, nil
}

func (k *kmsKeys) Unwrap(ctx context.Context, id string, wrapped []byte) ([]byte, error) {
	for _, arn := range k.arns { // a stored ciphertext must not choose a key of somebody else
		if arn != id {
			continue
		}
		out, err := k.client.Decrypt(ctx, &kmsDecryptInput{KeyId: &id, CiphertextBlob: wrapped, EncryptionContext: k.about})
		if err != nil {
			return nil, err
		}
		return out.Plaintext, nil
	}
	return nil, seal.ErrUnknownKey
}

// With AWS KMS, a data key of an hour or so encrypts attributes, and stands wrapped in each of them.
func ExampleKeySource() {
	ctx := context.Background()
	client := &fakeKMS{master: make([]byte, 32)} // kms.NewFromConfig(cfg)
	keys := &kmsKeys{client, []string{"arn:aws:kms:eu-west-1:123456789012:key/7a"}, map[string]string{"table": "users"}}
	by := seal.New(keys, seal.Options{})
	sealed, err := by.Seal(ctx, []byte("a secret"), []byte("this place"))
	if err != nil {
		panic(err)
	}
	other := seal.New(keys, seal.Options{}) // another instance, which unwraps the key
	for range 3 {
		text, err := other.Open(ctx, sealed, []byte("this place"))
		fmt.Printf("%s %v\n", text, err)
	}
	fmt.Println(strings.Join(client.calls, " "))
	// Output:
	// a secret <nil>
	// a secret <nil>
	// a secret <nil>
	// GenerateDataKey Decrypt
}

// The types of package kms, as far as they are used here.
type (
	kmsOptions              struct{}
	kmsGenerateDataKeyInput struct {
		KeyId             *string
		KeySpec           string
		EncryptionContext map[string]string
	}
	kmsGenerateDataKeyOutput struct{ Plaintext, CiphertextBlob []byte }
	kmsDecryptInput          struct {
		KeyId             *string
		CiphertextBlob    []byte
		EncryptionContext map[string]string
	}
	kmsDecryptOutput struct{ Plaintext []byte }
)

// fakeKMS wraps data keys with a master key, and the encryption context.
type fakeKMS struct {
	master []byte
	calls  []string
}

func (f *fakeKMS) aead() cipher.AEAD {
	block, err := aes.NewCipher(f.master)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return aead
}

func (f *fakeKMS) GenerateDataKey(_ context.Context, in *kmsGenerateDataKeyInput, _ ...func(*kmsOptions)) (*kmsGenerateDataKeyOutput, error) {
	f.calls = append(f.calls, "GenerateDataKey")
	out := &kmsGenerateDataKeyOutput{Plaintext: make([]byte, 32)}
	rand.Read(out.Plaintext)
	out.CiphertextBlob = f.aead().Seal(nil, nil, out.Plaintext, fmt.Append(nil, *in.KeyId, in.EncryptionContext))
	return out, nil
}

func (f *fakeKMS) Decrypt(_ context.Context, in *kmsDecryptInput, _ ...func(*kmsOptions)) (*kmsDecryptOutput, error) {
	f.calls = append(f.calls, "Decrypt")
	secret, err := f.aead().Open(nil, nil, in.CiphertextBlob, fmt.Append(nil, *in.KeyId, in.EncryptionContext))
	if err != nil {
		return nil, errors.New("InvalidCiphertextException")
	}
	return &kmsDecryptOutput{Plaintext: secret}, nil
}
