using System.Net.Http.Headers;
using Exai.Core.Providers.OpenAiCompatible;
using Exai.Protocol;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers.Failures;

/// <summary>
/// Turns everything that can go wrong in one attempt into a <see cref="ProviderException"/>, by the dialect's table and the shared one:
/// status and vendor code decide, words never do alone.
/// </summary>
/// <param name="model">The model that was asked, or what else the request was for: "the upload of a file".</param>
/// <param name="isOperation">It is no model.</param>
internal sealed class FailureClassifier(
    Dialect dialect, ProviderEndpoint endpoint, string model, TimeProvider timeProvider, bool isOperation = false)
{
    private readonly string? _askedModel = isOperation ? null : model;

    /// <summary>A response with an error status.</summary>
    public ProviderException FromResponse(int status, VendorError error, HttpResponseHeaders headers) =>
        Build(
            Rule(status, error, errorEvent: false), Stages.Headers, status, error, RetryAfterReader.Read(headers, timeProvider.GetUtcNow()));

    /// <summary>An error within a stream or body that began with status 200.</summary>
    public ProviderException FromStream(VendorError error, bool errorEvent, string stage)
    {
        var status = error.EffectiveStatus(200);
        return Build(Rule(status, error, errorEvent), stage, status, error, retryAfter: null);
    }

    /// <summary>A finish reason that means a failure; null for all others, unknown ones included.</summary>
    public ProviderException? FromFinish(string reason, string stage) =>
        dialect.FailedFinishes.TryGetValue(reason, out var rule)
            ? Build(rule, stage, status: null, new VendorError(Code: reason), retryAfter: null)
            : null;

    public ProviderException CannotConnect(Exception cause) => Plain(
        FailureClass.RetryShort, Stages.Connect,
        $"{endpoint.Name}: cannot reach {endpoint.BaseUrl.Host} for {model}{Detail(cause)}. Check the network, the proxy and the provider's base URL.", cause);

    public ProviderException ConnectTimedOut(Exception cause)
    {
        var message = $"{endpoint.Name}: no connection to {endpoint.BaseUrl.Host} within {endpoint.ConnectTimeout.TotalSeconds:0.###} s for {model}. "
            + "Check the network and the proxy, or raise EXAI_CONNECT_TIMEOUT_SECS.";
        var error = new CallError
        {
            Code = ErrorCodes.Timeout,
            Message = message,
            Clock = Clocks.Connect,
            Provider = endpoint.Name,
            Model = _askedModel,
            Stage = Stages.Connect,
        };
        return new ProviderException(error, FailureClass.RetryShort, cause);
    }

    /// <summary>The connection broke after the request was on its way.</summary>
    public ProviderException Cut(string stage, Exception cause) => Plain(
        Interrupted(stage), stage,
        isOperation
            ? $"{endpoint.Name}: the connection dropped during {model}{Detail(cause)}. Try again."
            : $"{endpoint.Name}: the connection dropped at stage {stage} while {model} was answering{Detail(cause)}. Ask again.", cause);

    /// <summary>The stream ended in good order, but the answer did not.</summary>
    public ProviderException Truncated(string stage, int characters, int skipped) => Plain(
        Interrupted(stage), stage,
        $"{endpoint.Name}: the stream of {model} ended without a finish, after {characters} characters of the answer"
        + (skipped > 0 ? $" and {skipped} unreadable events" : "") + ". Ask again.");

    /// <summary>The bytes of another completion came in the middle of this one's.</summary>
    public ProviderException Spliced(string stage, int characters) => Plain(
        Interrupted(stage), stage,
        $"{endpoint.Name}: the stream of {model} broke off after {characters} characters of the answer and went on with another completion's; "
        + "the two were not joined. Ask again.");

    /// <summary>A good end without a single delta, from a server that refuses in this way; null from others, which mean nothing by it.</summary>
    public ProviderException? Silent() => !dialect.RefusesBySilence ? null : Plain(
        FailureClass.FallBackWithNotice, Stages.FirstToken,
        $"{endpoint.Name}: {model} ended with no answer, not even the beginning of one. Local servers do so when the prompt does not fit: "
        + "check the window that the model was loaded with, or shorten the conversation.",
        fallback: Fallback.Allowed);

    public ProviderException TooLarge(string stage, Exception cause) => Plain(
        FailureClass.FallBackWithNotice, stage,
        $"{endpoint.Name}: {model} sent {cause.Message}. Ask for less at once, or choose another model.", cause);

    public ProviderException NotAnApi() => Plain(
        FailureClass.FallBackWithNotice, Stages.FirstToken,
        $"{endpoint.Name}: {endpoint.BaseUrl.Host} answered the request for {model} with a web page (HTTP 200). "
        + "Check the provider's base URL and the proxy.");

    /// <summary>The answer to an operation cannot be used.</summary>
    /// <param name="what">Continues "the answer to … is".</param>
    public ProviderException Unreadable(string what, Exception? cause) => Plain(
        FailureClass.RetryOnce, Stages.Answer,
        $"{endpoint.Name}: the answer to {model} is {what}. Check the provider's base URL and the proxy, or try again.", cause);

    /// <summary>An operation's own time limit; no clock of an attempt.</summary>
    public ProviderException TimedOut(TimeSpan limit, Exception? cause) => new(
        new CallError
        {
            Code = ErrorCodes.Timeout,
            Message = $"{endpoint.Name}: {model} did not end within {limit.TotalSeconds:0.###} s. Try again, or with less at once.",
            Provider = endpoint.Name,
            Stage = Stages.Headers,
        },
        FailureClass.RetryShort, cause);

    public ProviderException FileGone(string fileId, Exception cause) => new(
        new CallError
        {
            Code = ErrorCodes.FileNotFound,
            Message = $"{endpoint.Name} has no file {FailureText.Code(fileId, endpoint)}. List the files to see what is there.",
            Provider = endpoint.Name,
        },
        FailureClass.Stop, cause)
    {
        HttpStatus = 404,
    };

    /// <summary>The request may have had its effect: it is reported, and never sent again by itself.</summary>
    public ProviderException OutcomeUnknown(ProviderException failure) => new(
        failure.Error with { Message = $"{failure.Message} Whether {model} took place is not known; it is not repeated by itself. Asked for again, it is looked up at the provider first." },
        FailureClass.Stop, failure)
    {
        OutcomeUnknown = true,
        HttpStatus = failure.HttpStatus,
        VendorCode = failure.VendorCode,
        RetryAfter = failure.RetryAfter,
    };

    public ProviderException UnusableKey() => new(
        new CallError
        {
            Code = ErrorCodes.ProviderAuth,
            Message = $"{endpoint.Name}: the API key holds characters that no key has, such as a line break or a special space. "
                + "Copy it into the settings again.",
            Provider = endpoint.Name,
            Model = _askedModel,
            Stage = Stages.Connect,
        },
        FailureClass.FallBackWithNotice);

    /// <summary>A finish without any text: never an empty success.</summary>
    /// <param name="literalCall">The reasoning ends in a tool call that is mere text.</param>
    public ProviderException NoAnswer(string? finishReason, UsageDetails? usage, bool literalCall)
    {
        var reason = FailureText.Code(finishReason, endpoint) ?? "none given";
        var spent = usage is null ? "tokens spent not told" : $"{usage.OutputTokenCount ?? 0} output tokens spent"
            + (usage.ReasoningTokenCount is > 0 and var reasoning ? $", {reasoning} of them on reasoning" : "");
        var (failureClass, advice) = finishReason == "length"
            ? (FailureClass.Stop, "Raise the output limit, or switch thinking off.")
            : (FailureClass.RetryOnce, "Ask again, or choose another model.");
        var message = $"{endpoint.Name}: {model} ended with no answer (finish reason {reason}, {spent}). "
            + (literalCall ? "It wrote a tool call as text into its reasoning and made none. " : "") + advice;
        return Plain(failureClass, Stages.Finish, message, vendorCode: reason);
    }

    /// <summary>A finish after a tool call that has no name, or whose arguments are no JSON.</summary>
    public ProviderException BrokenToolCall(string name, string? finishReason)
    {
        var tool = FailureText.Code(name, endpoint) ?? "?";
        var reason = FailureText.Code(finishReason, endpoint) ?? "none given";
        var (failureClass, what, advice) = finishReason == "length"
            ? (FailureClass.Stop, "cut off by the output limit", "Raise the output limit.")
            : (FailureClass.RetryOnce, "whose arguments are no JSON", "Ask again, or choose another model.");
        var message = $"{endpoint.Name}: {model} ended with a call of the tool {tool} {what} (finish reason {reason}). {advice}";
        return Plain(failureClass, Stages.Finish, message, vendorCode: reason);
    }

    private FailureRule Rule(int status, VendorError error, bool errorEvent) =>
        dialect.Learn(model, status, error)
        ?? dialect.Failures.FirstOrDefault(row => row.Matches(status, error))?.Rule
        ?? (error.Moderated && status == 403 ? SharedFailures.Moderated : null)
        ?? SharedFailures.Rules.FirstOrDefault(row => row.Matches(status, error))?.Rule
        ?? SharedFailures.Otherwise(status, errorEvent);

    private ProviderException Build(FailureRule rule, string stage, int? status, VendorError vendor, TimeSpan? retryAfter)
    {
        var code = FailureText.Code(dialect.VendorCode(vendor), endpoint);
        var facts = (isOperation ? model : $"model {model}") + (status is null ? "" : $", HTTP {status}") + (code is null ? "" : $", code {code}");
        var advice = endpoint.InItsOwnNames(rule.Advice);
        if (vendor.Overflow is { } overflow)
            advice = $"The prompt has {overflow.Prompt} tokens of {overflow.Window}. {advice}";

        var now = timeProvider.GetUtcNow();
        // The text tells the reset of a quota; a header beside it tells when a connection may be tried, which is sooner and of no use.
        if (vendor.Message is { } text && dialect.ReadResetTime(text) is { } reset && reset > now)
        {
            retryAfter = RetryAfterReader.Until(reset, now);
            advice = $"It comes back at {TimeZoneInfo.ConvertTime(reset, timeProvider.LocalTimeZone):yyyy-MM-dd HH:mm zzz}. {advice}";
        }

        var said = FailureText.Message(vendor.Message, endpoint);
        var message = $"{endpoint.Name} {rule.What} ({facts}). {advice}" + (said is null ? "" : $" The provider says: {said}");
        var error = new CallError
        {
            Code = rule.Error,
            Message = message,
            Provider = endpoint.Name,
            Model = _askedModel,
            Stage = stage,
            RetryAfterSecs = retryAfter?.TotalSeconds,
        };
        var failureClass = rule.ComesBack && retryAfter is not null ? FailureClass.RetryOnce : rule.Class;
        return new ProviderException(error, failureClass)
        {
            Fallback = rule.Fallback ?? ProviderException.FallbackOf(failureClass),
            HttpStatus = status,
            VendorCode = code,
            RetryAfter = retryAfter,
        };
    }

    private ProviderException Plain(
        FailureClass failureClass, string stage, string message, Exception? cause = null, string? vendorCode = null, Fallback? fallback = null)
    {
        var error = new CallError { Code = ErrorCodes.ProviderError, Message = message, Provider = endpoint.Name, Model = _askedModel, Stage = stage };
        return new ProviderException(error, failureClass, cause)
        {
            VendorCode = vendorCode,
            Fallback = fallback ?? ProviderException.FallbackOf(failureClass),
        };
    }

    /// <summary>After the first token of the answer a whole attempt would be paid for anew: once is enough.</summary>
    private static FailureClass Interrupted(string stage) =>
        stage is Stages.Answer or Stages.Finish ? FailureClass.RetryOnce : FailureClass.RetryShort;

    /// <summary>The kind of failure, never its text: that may hold addresses with credentials of a proxy.</summary>
    private static string Detail(Exception cause) => cause switch
    {
        HttpRequestException { HttpRequestError: not HttpRequestError.Unknown and var kind } => $" ({kind})",
        HttpIOException { HttpRequestError: not HttpRequestError.Unknown and var kind } => $" ({kind})",
        _ => "",
    };
}
