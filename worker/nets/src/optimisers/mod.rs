//! Optimisers: PyTorch's definitions, one pass over each parameter, state that can be stored and restored to the bit.

mod error;
mod in_place;
mod rules;

pub use error::OptimiserError;

use candle_core::backprop::GradStore;
use candle_core::{Tensor, Var};
use gliss_types::recipe::Optimiser as Settings;

use rules::Rule;

/// An optimiser at work on a net's parameters.
#[derive(Debug)]
pub struct Optimiser {
    settings: Settings,
    slots: Vec<Slot>,
    steps: u64,
}

/// A parameter and what is remembered about it.
#[derive(Debug)]
struct Slot {
    name: String,
    parameter: Var,
    moments: Vec<(&'static str, Var)>,
}

impl Optimiser {
    /// An optimiser that has made no step. `parameters` are those of [`crate::Network::parameters`].
    ///
    /// # Errors
    /// The device has no room.
    pub fn new(settings: &Settings, parameters: &[(String, Var)]) -> Result<Optimiser, OptimiserError> {
        let slot = |(name, parameter): &(String, Var)| {
            let moments = Rule::moments(settings).iter().map(|&moment| {
                let zeros = Var::zeros(parameter.shape(), parameter.dtype(), parameter.device());
                zeros.map(|zeros| (moment, zeros)).map_err(|source| OptimiserError::at(name, source))
            });
            Ok(Slot { name: name.clone(), parameter: parameter.clone(), moments: moments.collect::<Result<_, _>>()? })
        };
        let slots = parameters.iter().map(slot).collect::<Result<_, OptimiserError>>()?;
        Ok(Optimiser { settings: settings.clone(), slots, steps: 0 })
    }

    /// Moves every parameter by its gradient, at rate `lr` (from [`crate::schedules::lr_at`]); the settings' own rate is not
    /// looked at. The gradient of a parameter that had no part in the loss is missing, and it stays as it is.
    ///
    /// # Errors
    /// A gradient of another shape or number type than its parameter's.
    pub fn step(&mut self, gradients: &GradStore, lr: f64) -> Result<(), OptimiserError> {
        self.steps += 1;
        let rule = Rule::at(&self.settings, self.steps, lr);
        for Slot { name, parameter, moments } in &self.slots {
            let Some(gradient) = gradients.get(parameter) else { continue };
            let moments: Vec<&Tensor> = moments.iter().map(|(_, moment)| moment.as_tensor()).collect();
            in_place::update(rule, parameter, &moments, gradient).map_err(|source| OptimiserError::at(name, source))?;
        }
        Ok(())
    }

    /// Steps made.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// What is remembered, as `<parameter>.<moment>`, in a fixed order. Tensors are copies: later steps do not change them.
    ///
    /// # Errors
    /// The device has no room for the copies.
    pub fn state(&self) -> Result<Vec<(String, Tensor)>, OptimiserError> {
        let mut state = Vec::new();
        for Slot { name, moments, .. } in &self.slots {
            for (moment, values) in moments {
                let copy = values.as_detached_tensor().copy().map_err(|source| OptimiserError::at(name, source))?;
                state.push((format!("{name}.{moment}"), copy));
            }
        }
        Ok(state)
    }

    /// Takes back what [`Optimiser::state`] gave, with the number of steps made by then. `find` yields a tensor by its name.
    /// On an error nothing has changed but moments before the one that is named.
    ///
    /// # Errors
    /// A tensor that is missing, or of another shape or number type.
    pub fn load_state(&mut self, steps: u64, find: impl Fn(&str) -> Option<Tensor>) -> Result<(), OptimiserError> {
        for Slot { name, moments, .. } in &self.slots {
            for (moment, values) in moments {
                let name = format!("{name}.{moment}");
                let Some(stored) = find(&name) else { return Err(OptimiserError::Missing { name }) };
                if stored.shape() != values.shape() || stored.dtype() != values.dtype() {
                    let (got, expected) = (stored.dims().to_vec(), values.dims().to_vec());
                    return Err(OptimiserError::Unlike { name, got, expected });
                }
                values.set(&stored).map_err(|source| OptimiserError::at(&name, source))?;
            }
        }
        self.steps = steps;
        Ok(())
    }
}
