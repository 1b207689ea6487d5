using System.Globalization;
using System.Text.Json;

namespace Exai.Core.Providers.Services;

/// <summary><c>GET /files</c>, page by page.</summary>
internal static class FileListing
{
    private const int PageSize = 100;

    /// <summary>More files than any account may hold; ends a server that always has one page more.</summary>
    private const int MostPages = 100;

    /// <param name="query">Of the first page, without the question mark; may be empty.</param>
    public static async Task<IReadOnlyList<JsonElement>> ReadAsync(ProviderApi api, string query, CancellationToken cancellationToken)
    {
        var files = new List<JsonElement>();
        var after = "";
        for (var page = 0; page < MostPages; page++)
        {
            var parts = new[] { query, $"limit={PageSize.ToString(CultureInfo.InvariantCulture)}", after }.Where(part => part.Length > 0);
            var request = new ApiRequest(HttpMethod.Get, api.Url("files?" + string.Join('&', parts)), "the list of files");
            var answer = await api.JsonAsync(request, cancellationToken);
            var items = answer.Items("data").ToList();
            files.AddRange(items);
            if (items.Count == 0 || !answer.TryGetProperty("has_more", out var more) || more.ValueKind != JsonValueKind.True || items[^1].Text("id") is not { } last)
                break;
            after = "after=" + Uri.EscapeDataString(last);
        }

        return files;
    }
}
