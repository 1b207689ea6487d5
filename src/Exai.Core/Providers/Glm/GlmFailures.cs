using Exai.Core.Providers.Failures;
using Exai.Protocol;

namespace Exai.Core.Providers.Glm;

/// <summary>GLM's business codes. They are the same whether they come with a status or within a stream, so most rows name no status.</summary>
internal static class GlmFailures
{
    private const string Wait = "Wait a moment and ask again, or choose another model.";
    private const string TooLong = "Shorten the conversation, start a new thread, or choose a model with a larger window.";
    private const string CodingBase = "Top up, or correct GLM_API_URL: keys of the coding plan work at …/api/coding/paas/v4 only, all others at …/api/paas/v4 only.";

    public static readonly IReadOnlyList<FailureRule> Rules =
    [
        new() { Codes = ["1301", "1300"], Error = ErrorCodes.ContentFiltered, Class = FailureClass.Stop, What = "blocked the request or its answer by the content filter", Advice = "Rephrase it." },
        new() { Codes = ["1261"], Error = ErrorCodes.ContextTooLarge, Class = FailureClass.Shrink, What = "says the conversation is too long for the model", Advice = TooLong },
        new() { Codes = ["1210"], Words = ["tokens in request more than max"], Error = ErrorCodes.ContextTooLarge, Class = FailureClass.Shrink, What = "says the conversation is too long for the model", Advice = TooLong },
        new() { Codes = ["1210", "1212", "1213", "1214", "1215"], Error = ErrorCodes.ProviderError, Class = FailureClass.Stop, What = "refused the request as malformed", Advice = "This is a fault of this program; please report the message." },
        new() { Codes = ["1231"], Error = ErrorCodes.ProviderError, Class = FailureClass.RetryOnce, What = "saw the request's id twice", Advice = "Ask again." },
        new() { Codes = ["1000", "1001", "1002", "1003", "1004", "1005"], Error = ErrorCodes.ProviderAuth, Class = FailureClass.FallBackWithNotice, What = "rejected the API key", Advice = "Check GLM_API_KEY." },
        new() { Codes = ["1100", "1110", "1111", "1112", "1120", "1121"], Error = ErrorCodes.ProviderAuth, Class = FailureClass.FallBackWithNotice, What = "reports a problem with the account", Advice = "Look at the account on the provider's site." },
        new() { Codes = ["1211"], Error = ErrorCodes.ModelNotFound, Class = FailureClass.FallBackWithNotice, What = "does not know the model", Advice = "Choose another model." },
        new() { Codes = ["1220", "1221", "1222"], Error = ErrorCodes.ProviderAuth, Class = FailureClass.FallBackWithNotice, What = "does not offer this to the key", Advice = "Choose another model, or a key that may use it." },
        new() { Codes = ["1200", "1230", "1234"], Error = ErrorCodes.ProviderError, Class = FailureClass.RetryShort, What = "has trouble on its side", Advice = Wait },
        new() { Codes = ["1113"], Error = ErrorCodes.ProviderQuota, Class = FailureClass.FallBackWithNotice, What = "says the account has no balance, or the key is not for this endpoint", Advice = CodingBase },
        new() { Codes = ["1302", "1303"], Error = ErrorCodes.RateLimited, Class = FailureClass.RetryShort, What = "limits the account's requests at a time", Advice = "The key is fine. Wait a moment, or lower the provider's concurrency limit." },
        new() { Codes = ["1305"], Error = ErrorCodes.ProviderError, Class = FailureClass.RetryLong, What = "is overloaded", Advice = Wait },
        new() { Codes = ["1304", "1308", "1310", "1316", "1317", "1318", "1319", "1320", "1321"], Error = ErrorCodes.ProviderQuota, Class = FailureClass.FallBackWithNotice, What = "says the plan's usage is used up", Advice = "Wait for the reset or choose another provider." },
        new() { Codes = ["1309", "1311", "1313", "1314", "1315"], Error = ErrorCodes.ProviderQuota, Class = FailureClass.FallBackWithNotice, What = "says the plan does not allow this", Advice = "Look at the plan on the provider's site, or choose another model." },
        new() { Codes = ["1701"], Error = ErrorCodes.RateLimited, Class = FailureClass.RetryShort, What = "has its web search busy", Advice = "Wait a moment, or ask without web search." },
        new() { Codes = ["1702"], Error = ErrorCodes.ProviderError, Class = FailureClass.Stop, What = "has no such search engine", Advice = "Correct GLM_WEBSEARCH_ENGINE, or ask without web search." },
        new() { Codes = ["1703"], Error = ErrorCodes.ProviderError, Class = FailureClass.Stop, What = "found nothing on the web", Advice = "Ask without web search." },
        new() { Statuses = [404, 434], Error = ErrorCodes.ProviderAuth, Class = FailureClass.FallBackWithNotice, What = "does not offer this to the key", Advice = "Check the model's id and GLM_API_URL." },
        new() { Statuses = [435], Error = ErrorCodes.FileTooLarge, Class = FailureClass.Stop, What = "refused a file over 100 MB", Advice = "Send a smaller file." },
    ];

    public static readonly IReadOnlyDictionary<string, FailureRule> Finishes = new Dictionary<string, FailureRule>(SharedFailures.Finishes, StringComparer.OrdinalIgnoreCase)
    {
        ["sensitive"] = new() { Error = ErrorCodes.ContentFiltered, Class = FailureClass.Stop, What = "withdrew the answer by its content filter", Advice = "Rephrase the request." },
        ["network_error"] = new() { Error = ErrorCodes.ProviderError, Class = FailureClass.RetryShort, What = "lost the model while it answered", Advice = Wait },
        ["model_context_window_exceeded"] = new() { Error = ErrorCodes.ContextTooLarge, Class = FailureClass.Shrink, What = "ran out of the model's window", Advice = TooLong },
    };
}
