using System.Globalization;
using System.Text.Json;
using Exai.Core.Providers.Services;

namespace Exai.Core.Providers.Kimi;

/// <summary><c>GET /users/me/balance</c>.</summary>
internal sealed class KimiBalance(ProviderApi api) : IProviderBalance
{
    public async Task<ProviderBalance> ReadAsync(CancellationToken cancellationToken = default)
    {
        var request = new ApiRequest(HttpMethod.Get, api.Url("users/me/balance"), "the balance");
        var data = (await api.JsonAsync(request, cancellationToken)).Object("data");
        return Amount(data, "available_balance") is { } available
            ? new ProviderBalance(available, Amount(data, "voucher_balance"), Amount(data, "cash_balance"), Currency(api.Endpoint.BaseUrl.Host))
            : throw api.Failures(request).Unreadable("without an available_balance", cause: null);
    }

    private static decimal? Amount(JsonElement data, string name)
    {
        if (data.ValueKind != JsonValueKind.Object || !data.TryGetProperty(name, out var amount))
            return null;
        return amount.ValueKind == JsonValueKind.Number && amount.TryGetDecimal(out var number) ? number
            : decimal.TryParse(amount.Text(), NumberStyles.Number, CultureInfo.InvariantCulture, out var written) ? written
            : null;
    }

    private static string? Currency(string host) =>
        host.EndsWith("moonshot.ai", StringComparison.OrdinalIgnoreCase) ? "USD"
        : host.EndsWith("moonshot.cn", StringComparison.OrdinalIgnoreCase) ? "CNY"
        : null;
}
