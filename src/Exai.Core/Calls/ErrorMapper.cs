using Exai.Core.Providers;
using Exai.Core.Storage;
using Exai.Protocol;

namespace Exai.Core.Calls;

/// <summary>The one place where a failure becomes what a client sees.</summary>
public static class ErrorMapper
{
    public static CallError Map(Exception failure, string? callId = null)
    {
        var error = failure switch
        {
            CallException call => call.Error,
            ProviderException provider => provider.Error,
            StoreException { Full: true } => new CallError
            {
                Code = ErrorCodes.StoreFull,
                Message = "The disk that holds EXAI's store is full. Free some space and ask again.",
            },
            StoreException store => new CallError { Code = ErrorCodes.InternalError, Message = store.Message },
            // The details of a defect go to the log; the message might hold anything.
            _ => new CallError
            {
                Code = ErrorCodes.InternalError,
                Message = $"A defect in EXAI ended this call ({failure.GetType().Name}). The daemon's log has the details under the call id{(callId is null ? "" : " " + callId)}.",
            },
        };
        return error.CallId is null && callId is not null ? error with { CallId = callId } : error;
    }
}
