using System.Text;
using System.Text.Json;
using Exai.Settings;

namespace Exai.Core.Providers;

/// <summary>
/// Tells whether what listens on a preset's port is the server that people run there, and not one of the many other programs that like the
/// ports 8000 and 8080. A server is believed only if its list of models has the right shape and its own mark.
/// </summary>
internal sealed class LocalServerProbe(HttpMessageHandler? handler = null) : IDisposable
{
    private const int MostBytes = 1024 * 1024;

    private readonly HttpClient _http = new(handler ?? new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Sends one or two requests without any content.</summary>
    public async Task<bool> IsThereAsync(EndpointPreset preset, CancellationToken cancellationToken)
    {
        var owners = await OwnersAsync(preset, cancellationToken);
        return owners.Count > 0 && preset.Name switch
        {
            EndpointPresets.LlamaCpp => owners.All(owner => owner == "llamacpp"),
            EndpointPresets.Vllm => owners.All(owner => owner == "vllm"),
            EndpointPresets.LmStudio => owners.All(owner => owner == "organization_owner"),
            // Its owners are its users' names; its version has an address of its own.
            EndpointPresets.Ollama => (await GetAsync(new Uri(preset.BaseUrl!, "/api/version"), cancellationToken))?.Text("version") is { Length: > 0 },
            _ => false,
        };
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Who owns the models, one for each; none when this is no list of models, or an empty one.</summary>
    private async Task<IReadOnlyList<string>> OwnersAsync(EndpointPreset preset, CancellationToken cancellationToken)
    {
        if (await GetAsync(new Uri(preset.BaseUrl!.AbsoluteUri.TrimEnd('/') + "/models"), cancellationToken) is not { } list || list.Text("object") != "list")
        {
            return [];
        }

        var models = list.Items("data").ToList();
        return models.TrueForAll(model => model.Text("id") is { Length: > 0 } && model.Text("owned_by") is not null)
            ? [.. models.Select(model => model.Text("owned_by")!)]
            : [];
    }

    private async Task<JsonElement?> GetAsync(Uri address, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                return null;
            }

            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            var buffer = new byte[MostBytes];
            var length = await body.ReadAtLeastAsync(buffer, MostBytes, throwOnEndOfStream: false, cancellationToken);
            return JsonElement.Parse(Encoding.UTF8.GetString(buffer, 0, length));
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or JsonException)
        {
            return null;
        }
    }
}
