using Exai.Core.Providers.OpenAiCompatible;
using Exai.Settings;

namespace Exai.Core.Providers.Services;

/// <summary>The list of models that every OpenAI-compatible server offers.</summary>
internal sealed class ModelLists(ProviderApi api) : IModelLister
{
    private const string Operation = "its list of models";

    public async Task<IReadOnlyList<ModelDescription>> ListModelsAsync(CancellationToken cancellationToken)
    {
        var request = new ApiRequest(HttpMethod.Get, api.Url("models"), Operation);
        var list = await api.JsonAsync(request, cancellationToken);
        return ModelListReader.Read(list) ?? throw api.Failures(request).Unreadable("no list of models", cause: null);
    }
}
