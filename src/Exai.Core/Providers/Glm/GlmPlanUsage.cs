using System.Text.Json;
using Exai.Core.Providers.Services;

namespace Exai.Core.Providers.Glm;

/// <summary>
/// How much of a Coding Plan is used: <c>GET {host}/api/monitor/usage/quota/limit</c>, beside the API's base and with the key alone in its
/// header. GLM has no such address for the balance of a general account.
/// </summary>
internal sealed class GlmPlanUsage(ProviderApi api) : IPlanUsage
{
    public async Task<PlanUsage> ReadAsync(CancellationToken cancellationToken = default)
    {
        var request = new ApiRequest(HttpMethod.Get, new Uri(api.Endpoint.BaseUrl, "/api/monitor/usage/quota/limit"), "the plan's usage") { BareKey = true };
        var answer = await api.JsonAsync(request, cancellationToken);
        var data = answer.Object("data");
        return data.ValueKind == JsonValueKind.Object
            ? new PlanUsage(data.Text("level"), [.. data.Items("limits").Select(Limit)])
            : throw api.Failures(request).Unreadable("without data", cause: null);
    }

    private static PlanLimit Limit(JsonElement limit)
    {
        var type = limit.Text("type") ?? "?";
        return new PlanLimit(
            type, Window(type), Percentage(limit), limit.Number("currentValue"), limit.Number("usage"), UnixTime.Read(limit, "nextResetTime"));
    }

    private static string? Window(string type) => type switch
    {
        "TOKENS_LIMIT" => "5 hours",
        "TIME_LIMIT" => "month",
        _ => null,
    };

    private static double Percentage(JsonElement limit) =>
        limit.TryGetProperty("percentage", out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) ? number : 0;
}
