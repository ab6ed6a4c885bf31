package lean

import (
	"reflect"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// rules are the fields of a client's options that are known, and the values with which a request is the same without the SDK's
// middleware. It is a closed list: what it does not name makes requests the SDK's.
var rules = map[string]func(is, fresh reflect.Value) bool{
	// What shows in the learned head alone.
	"AccountIDEndpointMode": anything, "AppID": anything, "BaseEndpoint": anything, "EndpointOptions": anything, "Region": anything,

	// What is used here, as the SDK uses it.
	"Credentials": isSet, "HTTPClient": isSet, "IdempotencyTokenProvider": isSet, "Retryer": retries,
	"DisableClockSkewCorrection": anything, "DisableValidateResponseChecksum": anything,

	// What has done its work when the client was made.
	"DefaultsMode": anything, "RetryMaxAttempts": anything, "RetryMode": anything, "RuntimeEnvironment": anything, "resolvedDefaultsMode": anything,

	// What the SDK writes to only after something else than a good answer, but for what the log mode asks for.
	"Logger": anything, "ClientLogMode": empty,

	// What users put between, or in the place of, the SDK's own parts.
	"APIOptions": empty, "Interceptors": empty, "EndpointResolver": empty, "AuthSchemePreference": empty, "EnableAcceptEncodingGzip": empty,
	"AuthSchemeResolver": sameType, "EndpointResolverV2": sameType, "HTTPSignerV4": sameType, "MeterProvider": sameType,
	"Protocol": sameType, "TracerProvider": sameType, "AuthSchemes": signsAlike, "EndpointDiscovery": discoversNothing,
}

// fresh are the options of a client to which nobody has done anything.
var fresh = sync.OnceValue(func() reflect.Value {
	return reflect.ValueOf(dynamodb.New(dynamodb.Options{Region: "us-east-1"}).Options())
})

// Hindrance returns the name of a field of the options for which a client's requests have to be made by the SDK, or "".
func Hindrance(o dynamodb.Options) string {
	v := reflect.ValueOf(o)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if rule := rules[name]; rule == nil || !rule(v.Field(i), fresh().Field(i)) {
			return name
		}
	}
	return ""
}

func anything(_, _ reflect.Value) bool { return true }

func isSet(is, _ reflect.Value) bool { return is.Kind() == reflect.Interface && !is.IsNil() }

// empty reports whether a value is zero, or has none but empty lists.
func empty(is, _ reflect.Value) bool {
	switch is.Kind() {
	case reflect.Slice:
		return is.Len() == 0
	case reflect.Struct:
		for _, field := range is.Fields() {
			if !empty(field, field) {
				return false
			}
		}
		return true
	}
	return is.IsZero()
}

func sameType(is, fresh reflect.Value) bool {
	return is.Kind() == reflect.Interface && !is.IsNil() && is.Elem().Type() == fresh.Elem().Type()
}

// retries reports whether the attempts of a retryer can be asked for here. Those of the adaptive mode cannot: they may be had
// once only, and the SDK looks for that type itself.
func retries(is, _ reflect.Value) bool {
	_, ok := is.Interface().(aws.RetryerV2)
	_, adaptive := is.Interface().(*retry.AdaptiveMode)
	return ok && !adaptive
}

// signsAlike reports whether the authentication is that of a fresh client, around a signer of the SDK's that logs nothing.
func signsAlike(is, fresh reflect.Value) bool {
	schemes, _ := is.Interface().([]smithyhttp.AuthScheme)
	own, _ := fresh.Interface().([]smithyhttp.AuthScheme)
	if len(schemes) != 1 || len(own) != 1 || schemes[0] == nil || schemes[0].SchemeID() != own[0].SchemeID() ||
		reflect.TypeOf(schemes[0]) != reflect.TypeOf(own[0]) {
		return false
	}
	adapter, ownAdapter := reflect.ValueOf(schemes[0].Signer()), reflect.ValueOf(own[0].Signer())
	if !adapter.IsValid() || adapter.Type() != ownAdapter.Type() || adapter.Kind() != reflect.Pointer || adapter.Elem().Kind() != reflect.Struct {
		return false
	}
	for field, value := range adapter.Elem().Fields() {
		switch field.Name {
		case "Logger":
		case "LogSigning":
			if !value.IsZero() {
				return false
			}
		case "Signer":
			if !sameType(value, ownAdapter.Elem().FieldByIndex(field.Index)) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func discoversNothing(is, _ reflect.Value) bool {
	d, ok := is.Interface().(dynamodb.EndpointDiscoveryOptions)
	return ok && d.EnableEndpointDiscovery != aws.EndpointDiscoveryEnabled
}
