using Exai.Core.Models.Catalogue;
using Exai.Core.Providers.Glm;
using Exai.Core.Providers.Kimi;
using Exai.Core.Providers.OpenAiCompatible;
using Exai.Core.Providers.Services;
using Exai.Core.Storage;
using Exai.Settings;
using Microsoft.Extensions.AI;

namespace Exai.Core.Providers;

/// <summary>
/// Makes the client of an endpoint by its dialect, and what the provider offers beside chat. A new provider adds its dialect here and in a
/// folder of its own.
/// </summary>
internal static class ProviderClients
{
    /// <param name="files">What was uploaded; null keeps it in memory.</param>
    public static OpenAiCompatibleClient Glm(
        ProviderEndpoint endpoint, ModelCatalogue catalogue, GlmWebSearchOptions webSearch, TimeProvider timeProvider, HttpMessageHandler? handler = null, IProviderFileIndex? files = null) =>
        Create(endpoint, new GlmDialect(catalogue, webSearch), timeProvider, handler, (api, dialect) =>
        [
            new GlmFiles(api, files ?? new MemoryFileIndex()),
            new GlmPlanUsage(api),
            new GlmWebSearch(api, webSearch),
            new GlmTokenCounter(api, dialect, catalogue),
        ]);

    /// <param name="files">What was uploaded; null keeps it in memory.</param>
    public static IChatClient Kimi(
        ProviderEndpoint endpoint, ModelCatalogue catalogue, TimeProvider timeProvider, HttpMessageHandler? handler = null, IProviderFileIndex? files = null,
        KimiSearchMode searchMode = KimiSearchMode.Builtin)
    {
        var plain = Create(endpoint, new KimiDialect(catalogue), timeProvider, handler, (api, dialect) =>
        [
            new KimiFormulaSearch(api),
            new KimiFiles(api, files ?? new MemoryFileIndex()),
            new KimiBalance(api),
            new KimiTokenCounter(api, dialect),
        ]);
        return new KimiSearchClient(plain, plain.GetService<KimiFormulaSearch>()!, searchMode, catalogue);
    }

    public static OpenAiCompatibleClient Generic(
        ProviderEndpoint endpoint, ModelCatalogue catalogue, TimeProvider timeProvider, HttpMessageHandler? handler = null) =>
        Create(endpoint, new GenericDialect(catalogue, GenericDialectOptions.For(endpoint)), timeProvider, handler, (_, _) => []);

    private static OpenAiCompatibleClient Create(
        ProviderEndpoint endpoint, Dialect dialect, TimeProvider timeProvider, HttpMessageHandler? handler, Func<ProviderApi, Dialect, IReadOnlyList<object>> services)
    {
        var http = ProviderHttp.CreateClient(endpoint, handler);
        var api = new ProviderApi(endpoint, dialect, http, timeProvider);
        return new OpenAiCompatibleClient(endpoint, dialect, http, timeProvider, [new ModelLists(api), new RequestPreview(dialect), new ProviderConnection(endpoint, http, timeProvider), .. services(api, dialect)]);
    }
}
