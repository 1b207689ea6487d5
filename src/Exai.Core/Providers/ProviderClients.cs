using Exai.Core.Models.Catalogue;
using Exai.Core.Providers.Glm;
using Exai.Core.Providers.Kimi;
using Exai.Core.Providers.OpenAiCompatible;

namespace Exai.Core.Providers;

/// <summary>Makes the client of an endpoint by its dialect. A new provider adds its dialect here and in a folder of its own.</summary>
internal static class ProviderClients
{
    public static OpenAiCompatibleClient Glm(
        ProviderEndpoint endpoint, ModelCatalogue catalogue, GlmWebSearchOptions webSearch, TimeProvider timeProvider, HttpMessageHandler? handler = null) =>
        Create(endpoint, new GlmDialect(catalogue, webSearch), timeProvider, handler);

    public static OpenAiCompatibleClient Kimi(
        ProviderEndpoint endpoint, ModelCatalogue catalogue, TimeProvider timeProvider, HttpMessageHandler? handler = null) =>
        Create(endpoint, new KimiDialect(catalogue), timeProvider, handler);

    public static OpenAiCompatibleClient Generic(
        ProviderEndpoint endpoint, ModelCatalogue catalogue, TimeProvider timeProvider, HttpMessageHandler? handler = null) =>
        Create(endpoint, new GenericDialect(catalogue, GenericDialectOptions.For(endpoint)), timeProvider, handler);

    private static OpenAiCompatibleClient Create(ProviderEndpoint endpoint, Dialect dialect, TimeProvider timeProvider, HttpMessageHandler? handler) =>
        new(endpoint, dialect, ProviderHttp.CreateClient(endpoint, handler), timeProvider);
}
