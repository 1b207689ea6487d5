namespace Exai.Simulator.Dialects;

/// <summary>Kimi's error types, each with its status and a message that it has been seen with.</summary>
internal static class KimiErrors
{
    private static readonly Dictionary<string, ProviderProblem> Known = new ProviderProblem[]
    {
        new(400, "content_filter", "The request was rejected because it was considered high risk"),
        new(400, "invalid_request_error", "Invalid request: Your request exceeded model token limit: 262144 (requested: 300000)"),
        new(401, "invalid_authentication_error", "Invalid Authentication"),
        new(401, "incorrect_api_key_error", "Incorrect API key provided"),
        new(403, "permission_denied_error", "The API you are accessing is not open"),
        new(404, "resource_not_found_error", "Not found the model or Permission denied"),
        new(429, "rate_limit_reached_error", "Your account reached max organization concurrency: 1, please try again"),
        new(429, "engine_overloaded_error", "The engine is currently overloaded, please try again later"),
        new(429, "exceeded_current_quota_error", "Your account is not active, current state: exceeded current quota, please check your account balance"),
        new(429, "rate_limit_error", "The engine is currently overloaded, please try again later"),
        new(499, "client_closed_request", "The client closed the request"),
        new(500, "server_error", "Internal server error"),
        new(500, "unexpected_output", "The model gave an unexpected output"),
        new(503, "server_unavailable", "The server is currently unavailable"),
    }.ToDictionary(problem => problem.Code!, StringComparer.Ordinal);

    public static ProviderProblem? Find(string type) => Known.GetValueOrDefault(type);
}
